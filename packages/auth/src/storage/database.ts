import {
  CamelCasePlugin,
  Kysely,
  PostgresDialect,
  type PostgresPool,
  type TransactionBuilder,
  WithSchemaPlugin,
} from "kysely";
import pg from "pg";
import { runToCommit } from "./after-commit.ts";
import { toLocalSettings } from "./connection-settings.ts";
import { borrow, type DatabasePool, type PgPool } from "./given-pool.ts";
import { refuseGuests } from "./lent-transaction.ts";
import { noStatementTimeout, queryWithLocalSettings, withLocalSettings } from "./local-settings.ts";
import { ignoreIdleConnectionErrors, openPool, openPoolWithoutTimeout, PoolError, timeouts } from "./pool.ts";
import { prepareQuery, preparingPool } from "./prepared-statements.ts";
import { isPassing, isStaleStatement, repeat, throwFailure } from "./repeat.ts";

/** The PostgreSQL schema that holds everything of ours, so that a database can be shared with other programs. */
export const schemaName = "latchkey";

/** Our tables in which migrations note what has run. The running role only reads them, and a restore writes them anew. */
export const ledgers: readonly string[] = ["kysely_migration", "kysely_migration_lock", "schema_compatibility"];

/** The tables. Each room adds its own by declaration merging, beside the store that reads and writes it. */
// biome-ignore lint/suspicious/noEmptyInterface: rooms merge their tables into it
export interface Database {}

/** What a store needs: the database itself, or a transaction on it. */
export type Queries = Kysely<Database>;

export interface Storage {
  readonly db: Queries;
  /** Whether the next transaction may be on another connection, as {@link PoolerOptions} say. */
  readonly isShared: boolean;
  /** Whether the connections are a pool's that was handed in. */
  readonly isGiven: boolean;
  /** The connections that calls use. */
  readonly pool: pg.Pool;
  /** One statement that is written by hand and run outside of transactions, so often that it is prepared from the first time on. */
  prepare<Row extends pg.QueryResultRow>(
    label: string,
    text: string,
  ): (values: unknown[]) => Promise<pg.QueryResult<Row>>;
  close(): Promise<void>;
}

/** Where a database is; what `pg` takes besides is taken as well. */
export interface DatabaseConnection {
  /** Such as `postgres://user:password@host:5432/name`. */
  readonly connectionString?: string | undefined;
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly user?: string | undefined;
  readonly password?: string | (() => string | Promise<string>) | undefined;
  readonly database?: string | undefined;
  readonly ssl?: boolean | object | undefined;
  /** Settings of each connection, such as `-c search_path=public`. */
  readonly options?: string | undefined;
  /** Milliseconds for which a call waits for a connection to be free. */
  readonly connectionTimeoutMillis?: number | undefined;
  /** Milliseconds after which PostgreSQL gives up a statement that somebody waits for. */
  readonly statement_timeout?: number | false | undefined;
  /** How `pg_stat_activity` calls its connections; `latchkey` unless said. */
  readonly application_name?: string | undefined;
  /** Connections at most; 10 unless said. */
  readonly max?: number | undefined;
}

/** What is on the way to the database. */
export interface PoolerOptions {
  /**
   * `false` behind a pooler that hands out a connection for each transaction and knows nothing of prepared statements, such as PgBouncer
   * before 1.21: no statement has a name, and settings are made in each transaction.
   */
  readonly preparedStatements?: boolean | undefined;
}

/** The database by where it is, or by a pool of `pg` that is there and is not ended here. */
export type DatabaseOptions = PoolerOptions & (DatabaseConnection | { readonly pool: DatabasePool });

/** What is handed in as a pool is one of `pg`, whose types nobody has to install for this. */
export const givenPool = (options: DatabaseOptions) =>
  "pool" in options ? (options.pool as unknown as pg.Pool) : null;

/** Whether the next transaction may be on another connection, which knows nothing of what was prepared or set on this one. */
export const isShared = ({ preparedStatements = true }: PoolerOptions): boolean => !preparedStatements;

/** Opens a pool for calls that somebody waits for, or uses the given one. Connecting happens at the first query. */
export function openStorage(options: DatabaseOptions): Storage {
  const given = givenPool(options);
  const pool = given ? ignoreIdleConnectionErrors(given) : openPool(options as pg.PoolConfig, isShared(options));
  const owner = given ? borrow(given) : pool;
  const kind = { isShared: isShared(options), isGiven: given !== null };
  if (!kind.isShared)
    return {
      ...toStorage(pool, preparingPool(pool, owner), (label, text) => prepareQuery(pool, label, text)),
      ...kind,
    };
  const timeout = "statement_timeout" in options ? options.statement_timeout : undefined;
  const local = { settings: toLocalSettings(Number(timeout ?? timeouts.statement)), isShared: true };
  const prepare: Storage["prepare"] = (_label, text) => (values) =>
    queryWithLocalSettings(pool, local, { text, values });
  return { ...toStorage(pool, withLocalSettings(owner, local), prepare), ...kind };
}

/** For the work itself, and for what is looked up in its midst: as many as calls have would be twice what was asked for. */
const connectionsWithoutTimeout = 2;

/** Does work that nobody waits for, such as a migration, on connections that wait for as long as it takes. */
export async function withoutStatementTimeout<T>(
  options: DatabaseOptions,
  work: (db: Queries) => Promise<T>,
): Promise<T> {
  const given = givenPool(options);
  const pool =
    given ??
    openPoolWithoutTimeout({ ...(options as pg.PoolConfig), max: connectionsWithoutTimeout }, isShared(options));
  const db = openQueries(toPoolWithoutTimeout(options, given ? borrow(given) : pool));
  try {
    return await work(db);
  } finally {
    await db.destroy();
    // Kysely ends only a pool that it has used.
    if (!given && !pool.ending) await pool.end();
  }
}

function toPoolWithoutTimeout(options: DatabaseOptions, pool: PgPool): PostgresPool {
  if (isShared(options)) return withLocalSettings(pool, { settings: toLocalSettings(0), isShared: true });
  if (givenPool(options)) return withLocalSettings(pool, { settings: noStatementTimeout, isShared: false });
  return preparingPool(pool as pg.Pool);
}

function openQueries(pool: PostgresPool): Queries {
  async function connect() {
    refuseGuests();
    return pool.connect();
  }
  return new RepeatingKysely(new PostgresDialect({ pool: { options: pool.options, connect, end: () => pool.end() } }));
}

function toStorage(
  pool: pg.Pool,
  forKysely: PostgresPool,
  prepare: Storage["prepare"],
): Omit<Storage, "isShared" | "isGiven"> {
  const db = openQueries(forKysely);
  const close = async () => {
    await db.destroy();
    // Kysely ends only a pool that it has used.
    if (!pool.ending) await forKysely.end();
  };
  return { db, pool, prepare, close };
}

/**
 * Runs a transaction again, from its beginning, when the database gave it up for a reason that passes: a conflict with others, or a
 * row that is not there any more. So whatever a transaction does besides its queries must bear being done twice.
 */
class RepeatingKysely extends Kysely<Database> {
  constructor(dialect: PostgresDialect) {
    super({
      dialect,
      plugins: [new CamelCasePlugin({ maintainNestedObjectKeys: true }), new WithSchemaPlugin(schemaName)],
    });
  }

  override transaction(): TransactionBuilder<Database> {
    // Said with each, since a pooler may hand out a connection that was set up for somebody else.
    const builder = super.transaction().setIsolationLevel("read committed");
    const execute: typeof builder.execute = builder.execute.bind(builder);
    builder.execute = (work) =>
      runToCommit(this, (note) => {
        const begin: typeof work = (transaction) => {
          note(transaction);
          return work(transaction);
        };
        return repeat(() => execute(begin), isPassing).catch(throwFailure);
      });
    return builder;
  }
}

/** The name of the unique or check constraint that an insert or update broke, or null when `error` is something else. */
export function findBrokenConstraint(error: unknown): string | null {
  if (!(error instanceof pg.DatabaseError)) return null;
  const isConstraint = error.code === "23505" || error.code === "23514";
  return isConstraint ? (error.constraint ?? null) : null;
}

/** Whether PostgreSQL gave a statement up that took too long. */
export function isStatementTimeout(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === "57014";
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
 * read-only after a failover, disks that fail, conflicts with others that no repetition ended, sessions that it ended for their
 * age, and sign-ins that it refuses. The severity beside them is in the server's language.
 */
const refusals = /^(08|53|57014|55P03|57P|25006|58030|40|25P03|25P04|28|3D000)/;

/** What `pg` and its pool say, who give no codes. */
const lostConnection =
  /connection terminated|timeout exceeded when trying to connect|timeout expired|is not queryable/i;

/** Whether `error` says that the database is away, full or going down, rather than that a query was wrong. */
export function isStorageUnavailable(error: unknown): boolean {
  // A FATAL error ends the connection, whatever it is about: the database takes nobody in, or puts everybody out.
  if (error instanceof pg.DatabaseError)
    return error.severity === "FATAL" || refusals.test(error.code ?? "") || isStaleStatement(error);
  if (!(error instanceof Error)) return false;
  const code = "code" in error ? String(error.code) : "";
  return error instanceof PoolError || connectionFailures.has(code) || lostConnection.test(error.message);
}
