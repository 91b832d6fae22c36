import type { PostgresPool, PostgresPoolClient } from "kysely";
import type pg from "pg";
import { toStatement } from "./column-types.ts";
import type { PgPool } from "./given-pool.ts";
import { isConflict, repeat } from "./repeat.ts";

/** Lifts the timeout of whoever a pool belongs to, for a transaction. */
export const noStatementTimeout = "set local statement_timeout = 0";

type Query = (text: string, values?: readonly unknown[]) => Promise<unknown>;

export interface LocalSettingsOptions {
  /** The statement that makes the settings, for a transaction only. */
  readonly settings: string;
  /** Whether the next transaction may have another connection: then what is said outside of one reaches somebody else. */
  readonly isShared: boolean;
}

/**
 * A pool each of whose statements is part of a transaction that has settings of its own. They stay with nobody who has the connection
 * later, be it from a pool that belongs to somebody else or from a pooler. No statement is given a name.
 */
export function withLocalSettings(pool: PgPool, options: LocalSettingsOptions): PostgresPool {
  return {
    options: pool.options,
    end: () => pool.end(),
    async connect() {
      const client = await pool.connect();
      const query = setLocally((text, values = []) => client.query(toStatement(text, values)), options);
      return { query: query as unknown as PostgresPoolClient["query"], release: (destroy) => client.release(destroy) };
    },
  };
}

/** As {@link withLocalSettings}, for one statement. */
export async function queryWithLocalSettings<Row extends pg.QueryResultRow>(
  pool: pg.Pool,
  options: LocalSettingsOptions,
  { text, values }: { readonly text: string; readonly values: readonly unknown[] },
): Promise<pg.QueryResult<Row>> {
  const client = await pool.connect();
  try {
    const query = setLocally((text, values = []) => client.query(toStatement(text, values)), options);
    const result = (await query(text, values)) as pg.QueryResult<Row>;
    client.release();
    return result;
  } catch (error) {
    // One that broke in the midst of a transaction is not used again.
    client.release(!isIdle(client));
    throw error;
  }
}

/** A pool that was handed in may be of an older `pg`, which does not say. */
const isIdle = (client: Partial<pg.PoolClient>): boolean => client.getTransactionStatus?.() === "I";

function setLocally(query: Query, { settings, isShared }: LocalSettingsOptions): Query {
  let isInTransaction = false;

  /** In one round trip: several statements without parameters are one message. */
  async function begin(text: string): Promise<unknown> {
    const results = await query(`${text}; ${settings}`);
    isInTransaction = true;
    return Array.isArray(results) ? results[0] : results;
  }

  async function inTransaction(work: () => Promise<unknown>): Promise<unknown> {
    try {
      await begin("begin isolation level read committed");
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
    if (isShared) return work();
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
    if (/^\s*(create|drop) index concurrently\b/i.test(text)) return alone(run);
    return repeat(() => inTransaction(run), isConflict);
  };
}
