import { type Kysely, sql } from "kysely";

/** When the owner of a session last showed, in it, that it is them; null for whoever has not since they signed in. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table latchkey.sessions add column reauthenticated_at timestamptz`.execute(db);
}
