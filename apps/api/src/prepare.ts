import { type Auth, type Config, type MigrationMode, StartError } from "@latchkey/auth";
import { hasNotes, prepareNotes } from "./notes/note-store.ts";

/** The schemas of PostgreSQL that the service's tables are in. */
export const serviceSchemas: readonly string[] = ["latchkey", "notes"];

/**
 * Makes everything that the service keeps in the database: the core's schema and keys, and the tables of its own resources. Tables are
 * made by `auto` alone; `check` looks whether they are there.
 *
 * @throws StartError
 */
export async function prepare(auth: Auth<Config>, migrations: MigrationMode = "auto"): Promise<void> {
  await auth.initialize({ migrations });
  await prepareTables(auth, migrations);
}

/** The tables of the service's own resources, and nothing of the core's. */
export async function prepareTables(auth: Auth<Config>, migrations: MigrationMode): Promise<void> {
  if (migrations === "auto") await prepareNotes(auth.pool);
  if (migrations === "check" && !(await hasNotes(auth.pool)))
    throw new StartError('The table notes.notes is not there. Run "latchkey migrate" first.');
}
