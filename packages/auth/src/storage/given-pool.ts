import type { PostgresPool, PostgresPoolClient } from "kysely";
import type pg from "pg";

/** A connection of a {@link DatabasePool}, until it is given back. */
export interface DatabaseClient {
  query<Row extends object = Record<string, unknown>>(text: string, values?: unknown[]): Promise<{ rows: Row[] }>;
  release(): void;
}

/** The connections to the database: a `Pool` of `pg`, by what is needed of it. */
export interface DatabasePool {
  query<Row extends object = Record<string, unknown>>(text: string, values?: unknown[]): Promise<{ rows: Row[] }>;
  connect(): Promise<DatabaseClient>;
  end(): Promise<void>;
  /** Calls back with each connection that is opened from now on. */
  on(event: "connect", listener: (client: object) => void): unknown;
  readonly totalCount: number;
}

/** A pool that belongs to somebody else: it is never ended here. */
export function borrow(pool: pg.Pool): PostgresPool {
  return { options: pool.options, connect: () => pool.connect(), end: async () => {} };
}

type Query = (text: string, values?: readonly unknown[]) => Promise<unknown>;

/**
 * A borrowed pool for work that nobody waits for. It may have a timeout for statements, which is lifted for the length of a transaction
 * and so stays with nobody who has the connection later, also behind a pooler.
 */
export function borrowWithoutTimeout(pool: pg.Pool): PostgresPool {
  return {
    ...borrow(pool),
    async connect() {
      const client = await pool.connect();
      const query = withoutTimeout((text, values = []) => client.query(text, [...values]));
      return { query: query as unknown as PostgresPoolClient["query"], release: (destroy) => client.release(destroy) };
    },
  };
}

function withoutTimeout(query: Query): Query {
  let isInTransaction = false;

  async function begin(text: string): Promise<unknown> {
    const begun = await query(text);
    isInTransaction = true;
    await query("set local statement_timeout = 0");
    return begun;
  }

  async function inTransaction(work: () => Promise<unknown>): Promise<unknown> {
    await begin("begin");
    try {
      const result = await work();
      await query("commit");
      return result;
    } catch (error) {
      await query("rollback").catch(() => {});
      throw error;
    } finally {
      isInTransaction = false;
    }
  }

  /** An index that is built beside the work of others can be built in no transaction. */
  async function alone(work: () => Promise<unknown>): Promise<unknown> {
    await query("set statement_timeout = 0");
    try {
      return await work();
    } finally {
      await query("reset statement_timeout");
    }
  }

  return async (text, values) => {
    const run = () => query(text, values);
    if (/^\s*(begin|start transaction)\b/i.test(text)) return begin(text);
    if (/^\s*(commit|rollback)\s*$/i.test(text)) {
      isInTransaction = false;
      return run();
    }
    if (isInTransaction) return run();
    return /^\s*(create|drop) index concurrently\b/i.test(text) ? alone(run) : inTransaction(run);
  };
}
