import { type Kysely, sql } from "kysely";

/**
 * Which releases run on the schema that a migration made: those that know the migration `runs_from`. It is read by a release that meets
 * migrations which it does not know.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`create table latchkey.schema_compatibility (
    migration text collate "C" primary key,
    runs_from text collate "C" not null
  )`.execute(db);
}
