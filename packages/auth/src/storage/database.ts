import { Socket } from "node:net";
import { CamelCasePlugin, Kysely, PostgresDialect } from "kysely";
import pg from "pg";

/** The PostgreSQL schema that holds everything of ours, so that a database can be shared with other programs. */
export const schemaName = "latchkey";

/** The tables. Each room adds its own by declaration merging, beside the store that reads and writes it. */
// biome-ignore lint/suspicious/noEmptyInterface: rooms merge their tables into it
export interface Database {}

/** What a store needs: the database itself, or a transaction on it. */
export type Queries = Kysely<Database>;

export interface Storage {
  readonly db: Queries;
  /** For the few queries that must be prepared statements, which Kysely cannot name. */
  readonly pool: pg.Pool;
  close(): Promise<void>;
}

/**
 * Milliseconds for which a call waits for the database. It waits for one connection or two and at most once for a statement that
 * does not end, so that every answer is there within five seconds.
 */
const patience = {
  /** For a connection, be it a free one or a new one. */
  connection: 1_250,
  /** For a statement, which PostgreSQL itself gives up then: one that waits for a lock, say. */
  statement: 2_000,
  /** For a sign of life in the midst of a statement; without one, PostgreSQL or the way to it is gone. */
  silence: 2_250,
};

/** Calls that may wait for a connection; beyond it they are told at once. */
const longestQueue = 1_000;

/**
 * Opens a pool of connections, for calls that somebody waits for. Connecting happens at the first query. Whatever `connection`
 * says of times counts.
 */
export function openStorage(connection: pg.PoolConfig): Storage {
  const times = { connectionTimeoutMillis: patience.connection, statement_timeout: patience.statement };
  const pool = new BoundedPool({ max: 10, application_name: "latchkey", ...times, ...connection });
  giveUpSilentConnections(pool, patience.silence);
  return toStorage(pool);
}

/** Does work that nobody waits for, such as a migration, on connections that wait for as long as it takes. */
export async function withoutHaste<T>(connection: pg.PoolConfig, work: (db: Queries) => Promise<T>): Promise<T> {
  const times = { connectionTimeoutMillis: 5_000, statement_timeout: false } as const;
  const storage = toStorage(new pg.Pool({ application_name: "latchkey", ...connection, ...times }));
  try {
    return await work(storage.db);
  } finally {
    await storage.close();
  }
}

function toStorage(pool: pg.Pool): Storage {
  // A connection that breaks while nothing waits on it, be it idle or between two statements of a transaction, is not the failure
  // of any call: the next statement on it fails. Without a listener it would end the process.
  pool.on("error", () => {}).on("connect", (client) => client.on("error", () => {}));
  const kysely = new Kysely<Database>({ dialect: new PostgresDialect({ pool }), plugins: [new CamelCasePlugin()] });
  return { db: kysely.withSchema(schemaName), pool, close: () => kysely.destroy() };
}

type Taken = (error: Error | undefined, client: pg.PoolClient | undefined, release: () => void) => void;

class BoundedPool extends pg.Pool {
  override connect(): Promise<pg.PoolClient>;
  override connect(taken: Taken): void;
  override connect(taken?: Taken): Promise<pg.PoolClient> | undefined {
    if (this.waitingCount >= longestQueue) {
      const error = new ConnectionError("Too many calls wait for the database");
      if (!taken) return Promise.reject(error);
      taken(error, undefined, () => {});
    } else if (!taken) return super.connect();
    else super.connect(taken);
    return undefined;
  }
}

/**
 * Breaks a connection that says nothing while it is in use. It is not only given back: what it may still do, in a transaction
 * that somebody else has given up, must not reach whoever would have it next.
 */
function giveUpSilentConnections(pool: pg.Pool, silence: number): void {
  const setTimer = ({ connection: { stream } }: pg.PoolClient, milliseconds: number) => {
    if (stream instanceof Socket) stream.setTimeout(milliseconds);
  };
  pool.on("connect", ({ connection: { stream } }) => {
    stream.on("timeout", () => stream.destroy(new ConnectionError("The database does not answer")));
  });
  pool.on("acquire", (client) => setTimer(client, silence));
  pool.on("release", (_error, client) => setTimer(client, 0));
}

/** The database cannot be reached in time. */
class ConnectionError extends Error {
  override readonly name = "ConnectionError";
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
  return error instanceof ConnectionError || connectionFailures.has(code) || lostConnection.test(error.message);
}
