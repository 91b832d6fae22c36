import { type Kysely, sql } from "kysely";

/** The language of whoever opened a session; null for those that there are. The release before neither writes nor reads it. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table latchkey.sessions add column locale text`.execute(db);
}
