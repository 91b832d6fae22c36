import { type Kysely, sql } from "kysely";

/** What all people are read for is counted by one process, and kept for the others. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table latchkey.kept_counts (
    name text primary key,
    value jsonb not null,
    counted_at timestamptz not null
  )`.execute(db);
}
