import { type Kysely, sql } from "kysely";

/**
 * Names of people whom an import under way has not recorded yet are found without reading all of them. They are seen at once: a list of what
 * is still to be added to the index would be read whole by everybody who asks for a name.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  // An unlogged table, empty but while an import runs.
  await sql`create index import_people_username_forms on latchkey.import_people using gin (username_forms)
    with (fastupdate = off)`.execute(db);
}
