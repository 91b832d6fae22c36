import { sql } from "kysely";
import { type Migration, Migrator } from "kysely/migration";
import { StartError } from "../errors.ts";
import { type Queries, schemaName } from "./database.ts";
import { migrations } from "./migrations/index.ts";

/**
 * Brings the schema up to date, under an advisory lock: of several processes that start at once, one migrates and the
 * others wait. All pending migrations run in one transaction. Throws {@link StartError} when the database has been migrated by a newer
 * version.
 *
 * @returns the names of the migrations that this call ran
 */
export async function migrate(db: Queries, known: Readonly<Record<string, Migration>> = migrations): Promise<string[]> {
  return runPending(db, known);
}

/**
 * Runs some of the migrations and no others, as they were when a backup was made.
 *
 * @throws StartError for one that is not known
 */
export async function migrateOnly(db: Queries, only: readonly string[]): Promise<string[]> {
  const unknown = only.filter((name) => !(name in migrations));
  if (unknown.length > 0) throw new StartError(`This version has no migration ${unknown.join(", ")}.`);
  return runPending(db, Object.fromEntries(Object.entries(migrations).filter(([name]) => only.includes(name))));
}

/** Who brings the schema up to date: each start, nobody but `latchkey migrate` while starts look whether it was done, or nobody. */
export type MigrationMode = "auto" | "check" | "off";

/**
 * Changes nothing, and looks whether the schema is that of this version.
 *
 * @throws StartError that says what to run, or that the schema is a newer version's
 */
export async function requireMigrated(
  db: Queries,
  known: Readonly<Record<string, Migration>> = migrations,
): Promise<void> {
  const applied = await listAppliedMigrations(db);
  refuseNewerSchema(applied, known);
  const pending = Object.keys(known).filter((name) => !applied.includes(name));
  if (pending.length === 0) return;
  const what = applied.length === 0 ? "has no schema of Latchkey yet" : `lacks the migrations ${pending.join(", ")}`;
  throw new StartError(`The database ${what}. Run "latchkey migrate" first, as the role that owns the schema.`);
}

async function runPending(db: Queries, known: Readonly<Record<string, Migration>>): Promise<string[]> {
  const applied = await listAppliedMigrations(db);
  refuseNewerSchema(applied, known);
  if (applied.length === Object.keys(known).length) return [];
  const migrator = new Migrator({
    db: db.withoutPlugins(),
    provider: { getMigrations: async () => withoutTimeout(known) },
    migrationTableSchema: schemaName,
  });
  const { error, results } = await migrator.migrateToLatest();
  if (error) throw error;
  return (results ?? []).map((result) => result.migrationName);
}

/** A migration takes as long as it takes, on whatever connection a pooler has handed out for its transaction. */
function withoutTimeout(known: Readonly<Record<string, Migration>>): Record<string, Migration> {
  const wrap = ({ up }: Migration): Migration => ({
    async up(db) {
      await sql`set local statement_timeout = 0`.execute(db);
      await up(db);
    },
  });
  return Object.fromEntries(Object.entries(known).map(([name, migration]) => [name, wrap(migration)]));
}

/** The names of the migrations that the database has seen, in order; none for an empty database. */
export async function listAppliedMigrations(db: Queries): Promise<string[]> {
  const table = `${schemaName}.kysely_migration`;
  const found = await sql<{ table: string | null }>`select to_regclass(${table})::text as "table"`.execute(db);
  if (!found.rows[0]?.table) return [];
  const { rows } = await sql<{ name: string }>`select name from ${sql.table(table)} order by name`.execute(db);
  return rows.map((row) => row.name);
}

function refuseNewerSchema(applied: readonly string[], known: Readonly<Record<string, Migration>>): void {
  const unknown = applied.filter((name) => !(name in known));
  if (unknown.length === 0) return;
  throw new StartError(
    `The database was migrated by a newer Latchkey (it has ${unknown.join(", ")}). Start that version or a later one; this one changed nothing.`,
  );
}
