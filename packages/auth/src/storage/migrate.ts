import { setTimeout as sleep } from "node:timers/promises";
import { sql } from "kysely";
import { type Migration, Migrator } from "kysely/migration";
import pg from "pg";
import { StartError } from "../errors.ts";
import { type Queries, schemaName } from "./database.ts";
import { migrations, oldestRelease, type SchemaMigration } from "./migrations/index.ts";
import { buildIndexes, isBuilding } from "./online-indexes.ts";

type Known = Readonly<Record<string, SchemaMigration>>;

/**
 * Brings the schema up to date, under an advisory lock: of several processes that start at once, one migrates and the
 * others wait. An empty database gets its schema in one transaction. Where there is one already, services of the release before are
 * serving from it: each migration is a transaction of its own, which holds no call up for longer than {@link lockTimeout}. Nothing is done
 * where a newer release has migrated and says that this one runs on its schema.
 *
 * @returns the names of the migrations that this call ran
 * @throws StartError when the database has been migrated by a newer version that does not say so, or when something long is under way
 */
export async function migrate(db: Queries, known: Known = migrations): Promise<string[]> {
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
export async function requireMigrated(db: Queries, known: Known = migrations): Promise<void> {
  const applied = await listAppliedMigrations(db);
  await refuseNewerSchema(db, applied, known);
  const pending = Object.keys(known).filter((name) => !applied.includes(name));
  if (pending.length === 0) return;
  const what = applied.length === 0 ? "has no schema of Latchkey yet" : `lacks the migrations ${pending.join(", ")}`;
  throw new StartError(`The database ${what}. Run "latchkey migrate" first, as the role that owns the schema.`);
}

async function runPending(db: Queries, known: Known): Promise<string[]> {
  const applied = await listAppliedMigrations(db);
  await refuseNewerSchema(db, applied, known);
  const pending = Object.keys(known).filter((name) => !applied.includes(name));
  if (pending.length === 0) return [];
  return applied.length === 0 ? migrateEmpty(db, known) : migrateBesideServices(db, known, pending);
}

async function migrateEmpty(db: Queries, known: Known): Promise<string[]> {
  const migrator = new Migrator({
    db: db.withoutPlugins(),
    provider: { getMigrations: async () => toMigrations(known) },
    migrationTableSchema: schemaName,
  });
  const { error, results } = await migrator.migrateToLatest();
  if (error) throw error;
  return (results ?? []).map((result) => result.migrationName);
}

/** A migration takes as long as it takes, on whatever connection a pooler has handed out for its transaction. */
function toMigrations(known: Known): Record<string, Migration> {
  const wrap = (name: string, { up }: SchemaMigration): Migration => ({
    async up(db) {
      await sql`set local statement_timeout = 0`.execute(db);
      await up(db);
      await noteCompatibility(db, name);
    },
  });
  return Object.fromEntries(Object.entries(known).map(([name, migration]) => [name, wrap(name, migration)]));
}

/**
 * Milliseconds for which a migration waits for a lock. Every call that needs the table waits behind it for as long, so that it gives up
 * early and tries again; also long before PostgreSQL looks for deadlocks, so that none is ever solved at a call's expense.
 */
const lockTimeout = 150;

/** Milliseconds between two tries, and how many there are: a long transaction of somebody else's may be under way. */
const retries = { wait: 250, atMost: 240 };

async function migrateBesideServices(db: Queries, known: Known, pending: readonly string[]): Promise<string[]> {
  const ran: string[] = [];
  for (const name of pending) {
    const migration = known[name];
    if (!migration) continue;
    await doBeforehand(db, name, migration);
    if (await runWhenFree(db, name, migration)) ran.push(name);
  }
  return ran;
}

/** What takes long on a large table is done before the transaction, and locks nobody out. It may have been begun before. */
async function doBeforehand(db: Queries, name: string, { beforehand }: SchemaMigration): Promise<void> {
  if (!beforehand) return;
  await db.transaction().execute(async (transaction) => {
    await waitForTurn(transaction);
    for (const statement of beforehand.statements) await sql.raw(statement).execute(transaction);
  });
  let tries = 0;
  while ((await buildIndexes(db, beforehand.indexes)).length > 0) {
    // Another process that starts may be at it, and takes as long as the table is large.
    if (!(await isBuilding(db))) tries += 1;
    if (tries === beforehandTries) throw tooBusy(name);
    await sleep(retries.wait);
  }
}

/** Each waits ten seconds for transactions that began before it. */
const beforehandTries = 6;

async function runWhenFree(db: Queries, name: string, migration: SchemaMigration): Promise<boolean> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await db
        .withoutPlugins()
        .transaction()
        .execute((transaction) => runOne(transaction, name, migration));
    } catch (error) {
      if (!isLockTimeout(error)) throw error;
      if (tries === retries.atMost) throw tooBusy(name);
      await sleep(retries.wait);
    }
  }
}

/** Kysely's, under which the release before migrates. */
const migratorLock = "3853314791062309107";

async function waitForTurn(db: Queries): Promise<void> {
  await sql`set local statement_timeout = 0`.execute(db);
  await sql`set local lock_timeout = 0`.execute(db);
  await sql`select pg_advisory_xact_lock(${migratorLock}::bigint)`.execute(db);
}

/** False where another process has run it meanwhile. */
async function runOne(db: Queries, name: string, { up }: SchemaMigration): Promise<boolean> {
  await waitForTurn(db);
  const ledger = sql.table(`${schemaName}.kysely_migration`);
  const { rows } = await sql`select from ${ledger} where name = ${name}`.execute(db);
  if (rows.length > 0) return false;
  await sql.raw(`set local lock_timeout = ${lockTimeout}`).execute(db);
  await up(db);
  await noteCompatibility(db, name);
  await sql`insert into ${ledger} (name, timestamp) values (${name}, ${new Date().toISOString()})`.execute(db);
  return true;
}

const isLockTimeout = (error: unknown) => error instanceof pg.DatabaseError && error.code === "55P03";

const tooBusy = (name: string) =>
  new StartError(
    `The migration ${name} found no moment in which no long transaction was under way; nothing of it was done. Look into pg_stat_activity, and run "latchkey migrate" again.`,
  );

const compatibility = `${schemaName}.schema_compatibility`;

/** Notes which releases run on the schema that a migration makes, for those that do not know it. */
async function noteCompatibility(db: Queries, name: string): Promise<void> {
  if (!(await exists(db.withoutPlugins(), compatibility))) return;
  await sql`
    insert into ${sql.table(compatibility)} (migration, runs_from) values (${name}, ${oldestRelease})
    on conflict do nothing`.execute(db.withoutPlugins());
}

async function exists(db: Queries, table: string): Promise<boolean> {
  const found = await sql<{ table: string | null }>`select to_regclass(${table})::text as "table"`.execute(db);
  return found.rows[0]?.table != null;
}

/** The names of the migrations that the database has seen, in order; none for an empty database. */
export async function listAppliedMigrations(db: Queries): Promise<string[]> {
  const table = `${schemaName}.kysely_migration`;
  if (!(await exists(db, table))) return [];
  const { rows } = await sql<{ name: string }>`select name from ${sql.table(table)} order by name`.execute(db);
  return rows.map((row) => row.name);
}

async function refuseNewerSchema(db: Queries, applied: readonly string[], known: Known): Promise<void> {
  const unknown = applied.filter((name) => !(name in known));
  if (unknown.length === 0) return;
  const runsFrom = await readCompatibility(db, unknown);
  const strange = unknown.filter((name) => !((runsFrom.get(name) ?? "") in known));
  if (strange.length === 0) return;
  throw new StartError(
    `The database was migrated by a newer Latchkey (it has ${strange.join(", ")}). Start that version or a later one; this one changed nothing.`,
  );
}

/** By the name of a migration, one of those that a release has to know to run on what it made. */
async function readCompatibility(db: Queries, names: readonly string[]): Promise<Map<string, string>> {
  if (!(await exists(db, compatibility))) return new Map();
  const { rows } = await sql<{ migration: string; runsFrom: string }>`
    select migration, runs_from as "runsFrom" from ${sql.table(compatibility)}
    where migration = any(${names}::text[])`.execute(db.withoutPlugins());
  return new Map(rows.map(({ migration, runsFrom }) => [migration, runsFrom]));
}
