import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import {
  type DatabaseClient,
  type DatabaseOptions,
  type DatabasePool,
  type HookTransaction,
  StartError,
} from "@latchkey/auth";
import { openLongConnection } from "@latchkey/auth/internal";

/** SQL, or what runs some. Tables are named with their schema: the connection looks for nothing in `public`. */
export type OwnMigration = string | ((transaction: HookTransaction) => Promise<void>);

/** Tables of your own beside Latchkey's, and how they came to be. */
export interface OwnMigrations {
  /** The schema that is made for them, such as `shop`. What has run is noted in its table `migrations`, which Latchkey's own never meet. */
  readonly schema: string;
  /** Every migration by name; they run in the order of their names. One that has run is never changed: a change of mind is a new one. */
  readonly all: Readonly<Record<string, OwnMigration>>;
}

/**
 * Reads the `.sql` files of a folder, each of which is a migration called by its name.
 *
 * @throws StartError when there is no such folder, or no migration in it
 * @example
 * migrations: { schema: "shop", all: await readMigrations(new URL("./migrations/", import.meta.url)) }
 */
export async function readMigrations(folder: string | URL): Promise<Record<string, string>> {
  const path = typeof folder === "string" ? folder : fileURLToPath(folder);
  const names = await readdir(path).catch((cause: unknown) => {
    throw new StartError(`The migrations in ${path} cannot be read: ${String(cause)}`, { cause });
  });
  const files = names.filter((name) => name.endsWith(".sql")).sort();
  if (files.length === 0) throw new StartError(`There is no .sql file in ${path}`);
  const texts = await Promise.all(files.map((name) => readFile(join(path, name), "utf8")));
  return Object.fromEntries(files.map((name, index) => [name.replace(/\.sql$/, ""), texts[index] ?? ""]));
}

/**
 * Brings tables of your own up to date: what has not run yet runs in one transaction, once however many processes start together. It takes
 * as long as it takes, on a connection of its own. Where a lock is not to be had within a second, all of it is undone and tried again, for a
 * minute: calls that need the table would wait behind it.
 *
 * @param database where it is, or `{ pool }` of your own: not `auth.pool`, which gives up what takes longer than a call may
 * @returns the names of the migrations that this call ran
 * @throws StartError when they do not follow from what has run, or one fails; nothing is changed then
 */
export async function migrateOwn(database: DatabaseOptions, { schema, all }: OwnMigrations): Promise<string[]> {
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(schema) || /^(latchkey|pg_.*|information_schema)$/.test(schema)) {
    throw new StartError(`migrations.schema must be a schema of your own such as shop, not ${schema.slice(0, 80)}`);
  }
  await using lent = await openLongConnection(database);
  const { client } = lent;
  for (let tries = 1; ; tries += 1) {
    try {
      return await inTransaction(client, () => runPending(client, schema, all));
    } catch (error) {
      if (tries === lockTries || !isLockTimeout(error)) throw error;
      await sleep(pauseBetweenTries);
    }
  }
}

/** Milliseconds for which a migration waits for a lock, less than a call waits for the database; and how often it tries, how far apart. */
const lockTimeout = 1_000;
const lockTries = 48;
const pauseBetweenTries = 250;

/** Of a migration that failed, which says why by its cause. */
const isLockTimeout = (error: unknown): boolean =>
  error instanceof StartError && error.cause instanceof Error && "code" in error.cause && error.cause.code === "55P03";

/**
 * Looks whether tables of your own are up to date, and changes nothing.
 *
 * @throws StartError when a migration has not run, or they do not follow from what has
 */
export async function requireOwnMigrated(pool: DatabasePool, { schema, all }: OwnMigrations): Promise<void> {
  const { rows } = await pool.query<{ table: string | null }>("select to_regclass($1)::text as table", [
    `${schema}.migrations`,
  ]);
  const applied = rows[0]?.table ? await listApplied(pool, schema) : [];
  const obstacle = findObstacle(applied, all);
  if (obstacle) throw new StartError(`The migrations of ${schema} do not fit: ${obstacle}`);
  const pending = Object.keys(all).filter((name) => !applied.some((ran) => ran.name === name));
  if (pending.length === 0) return;
  throw new StartError(
    `The migrations ${pending.sort().join(", ")} of ${schema} have not run. Run "latchkey migrate" first.`,
  );
}

/**
 * The schemas beside Latchkey's own whose tables refer to people here, or were made by {@link migrateOwn}: without them a backup is not whole.
 *
 * @returns their names, sorted
 */
export async function listRelatedSchemas(pool: Pick<DatabasePool, "query">): Promise<string[]> {
  const { rows } = await pool.query<{ name: string }>(`
    select distinct n.nspname::text as name from pg_class t join pg_namespace n on n.oid = t.relnamespace
    where n.nspname <> 'latchkey' and (
      exists (select from pg_constraint c join pg_class r on r.oid = c.confrelid
        where c.contype = 'f' and c.conrelid = t.oid and r.relnamespace = to_regnamespace('latchkey'))
      or t.relname = 'migrations' and (select array_agg(attname::text order by attnum) from pg_attribute
        where attrelid = t.oid and attnum > 0 and not attisdropped) = array['name', 'digest', 'ran_at'])
    order by 1`);
  return rows.map(({ name }) => name);
}

async function listApplied(database: Pick<DatabaseClient, "query">, schema: string): Promise<Applied[]> {
  return (await database.query<Applied>(`select name, digest from ${schema}.migrations order by name collate "C"`))
    .rows;
}

async function inTransaction<T>(client: DatabaseClient, work: () => Promise<T>): Promise<T> {
  await client.query("begin");
  try {
    // A migration takes as long as it takes, and so does waiting for the process that runs them.
    await client.query("set local statement_timeout = 0");
    await client.query("set local lock_timeout = 0");
    const result = await work();
    await client.query("commit");
    return result;
  } catch (error) {
    await client.query("rollback").catch(() => {});
    throw error;
  }
}

interface Applied {
  readonly name: string;
  readonly digest: string | null;
}

async function runPending(client: DatabaseClient, schema: string, all: OwnMigrations["all"]): Promise<string[]> {
  await client.query("select pg_advisory_xact_lock(hashtextextended($1, 0))", [`latchkey own migrations ${schema}`]);
  await client.query(`create schema if not exists ${schema}`);
  await client.query(`create table if not exists ${schema}.migrations
    (name text primary key, digest text, ran_at timestamptz not null default now())`);
  const applied = await listApplied(client, schema);
  const obstacle = findObstacle(applied, all);
  if (obstacle) throw new StartError(`The migrations of ${schema} were not run: ${obstacle}`);
  const pending = Object.keys(all).filter((name) => !applied.some((ran) => ran.name === name));
  pending.sort();
  await client.query(`set local lock_timeout = ${lockTimeout}`);
  for (const name of pending) {
    const migration = all[name] ?? "";
    await runOne(client, migration).catch((cause: unknown) => {
      throw new StartError(`The migration ${name} of ${schema} failed: ${String(cause)}`, { cause });
    });
    const note = `insert into ${schema}.migrations (name, digest) values ($1, $2)`;
    await client.query(note, [name, digestOf(migration)]);
  }
  return pending;
}

/**
 * Why migrations do not follow from those that have run, in words. What a later release has run beyond all of them is no obstacle: while releases
 * follow one another, and after going back, this one works on its tables.
 */
function findObstacle(applied: readonly Applied[], all: OwnMigrations["all"]): string | null {
  const newest = Object.keys(all).sort().at(-1) ?? "";
  const known = applied.filter(({ name }) => name <= newest);
  const last = known.at(-1)?.name ?? "";
  const missing = known.find(({ name }) => !(name in all));
  if (missing) return `${missing.name} has run and is not among them; start the version that has it`;
  const changed = known.find(({ name, digest }) => digest !== null && digest !== digestOf(all[name] ?? ""));
  if (changed) return `${changed.name} has run and is another one by now; put it back, and add a new one`;
  const late = Object.keys(all).find((name) => name < last && !applied.some((ran) => ran.name === name));
  return late === undefined ? null : `${late} would come before ${last}, which has run; give it a later name`;
}

async function runOne(client: DatabaseClient, migration: OwnMigration): Promise<void> {
  if (typeof migration === "string") await client.query(migration);
  else await migration({ query: (text, values = []) => client.query(text, [...values]) });
}

/** Of SQL, whose text can be told apart; null for code. Ends of lines are as a checkout makes them. */
function digestOf(migration: OwnMigration): string | null {
  if (typeof migration !== "string") return null;
  return createHash("sha256").update(migration.replaceAll("\r\n", "\n")).digest("hex");
}
