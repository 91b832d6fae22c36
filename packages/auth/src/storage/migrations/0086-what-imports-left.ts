import { type Kysely, sql } from "kysely";

/**
 * What of people of another system was not taken as it stands there, by code and field, so that somebody can see it after the command that
 * told so is over. Null where there is nothing to say, and until the next import.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table latchkey.imported_users add column issues jsonb`.execute(db);
}
