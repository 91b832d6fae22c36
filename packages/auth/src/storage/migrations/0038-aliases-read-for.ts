import { type Kysely, sql } from "kysely";

/** For which default country it was last seen that no alias of a source reads as a number; null when that has to be looked at. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw("alter table latchkey.import_sources add column aliases_read_for text").execute(db);
}
