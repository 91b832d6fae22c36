import { CamelCasePlugin, Kysely, PostgresDialect, type PostgresPool } from "kysely";
import pg from "pg";
import { openPatientPool, openPool, PoolError } from "./pool.ts";
import { preparingPool } from "./prepared-statements.ts";

/** The PostgreSQL schema that holds everything of ours, so that a database can be shared with other programs. */
export const schemaName = "latchkey";

/** The tables. Each room adds its own by declaration merging, beside the store that reads and writes it. */
// biome-ignore lint/suspicious/noEmptyInterface: rooms merge their tables into it
export interface Database {}

/** What a store needs: the database itself, or a transaction on it. */
export type Queries = Kysely<Database>;

export interface Storage {
  readonly db: Queries;
  /** For the query of every call, which is written by hand. */
  readonly pool: pg.Pool;
  close(): Promise<void>;
}

/** Opens a pool for calls that somebody waits for. Connecting happens at the first query. */
export function openStorage(connection: pg.PoolConfig): Storage {
  const pool = openPool(connection);
  return toStorage(pool, preparingPool(pool));
}

/** Does work that nobody waits for, such as a migration, on connections that wait for as long as it takes. */
export async function withoutHaste<T>(connection: pg.PoolConfig, work: (db: Queries) => Promise<T>): Promise<T> {
  const pool = openPatientPool(connection);
  const storage = toStorage(pool, pool);
  try {
    return await work(storage.db);
  } finally {
    await storage.close();
  }
}

function toStorage(pool: pg.Pool, forKysely: PostgresPool): Storage {
  const dialect = new PostgresDialect({ pool: forKysely });
  const kysely = new Kysely<Database>({ dialect, plugins: [new CamelCasePlugin()] });
  return { db: kysely.withSchema(schemaName), pool, close: () => kysely.destroy() };
}

/** The name of the unique or check constraint that an insert or update broke, or null when `error` is something else. */
export function findBrokenConstraint(error: unknown): string | null {
  if (!(error instanceof pg.DatabaseError)) return null;
  const isConstraint = error.code === "23505" || error.code === "23514";
  return isConstraint ? (error.constraint ?? null) : null;
}

const connectionFailures = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "ENOENT",
  "EHOSTUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
]);

/**
 * SQLSTATEs by which PostgreSQL says that it is not to be had now: connections, resources, statements given up, locks, going down,
 * read-only after a failover, and disks that fail.
 */
const refusals = /^(08|53|57014|55P03|57P|25006|58030)/;

/** What `pg` and its pool say, who give no codes. */
const lostConnection =
  /connection terminated|timeout exceeded when trying to connect|timeout expired|is not queryable/i;

/** Whether `error` says that the database is away, full or going down, rather than that a query was wrong. */
export function isStorageUnavailable(error: unknown): boolean {
  // A FATAL error ends the connection, whatever it is about: the database takes nobody in, or puts everybody out.
  if (error instanceof pg.DatabaseError) return error.severity === "FATAL" || refusals.test(error.code ?? "");
  if (!(error instanceof Error)) return false;
  const code = "code" in error ? String(error.code) : "";
  return error instanceof PoolError || connectionFailures.has(code) || lostConnection.test(error.message);
}
