import type { PostgresPool } from "kysely";
import type pg from "pg";
import { StartError } from "../errors.ts";
import { findOddSettings, pinSettings } from "./connection-settings.ts";

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

/** A pool of `pg` by what is needed of it, ours or not. */
export interface PgPool extends PostgresPool {
  connect(): Promise<pg.PoolClient>;
}

/** A pool that belongs to somebody else: it is never ended here. */
export function borrow(pool: pg.Pool): PgPool {
  return { options: pool.options, connect: () => pool.connect(), end: async () => {} };
}

/**
 * Refuses a pool that belongs to somebody else when our statements would not mean on its connections what they should. Their settings are not
 * changed: its owner's statements rely on them.
 *
 * @param isShared whether each transaction of ours has settings of its own
 * @throws StartError
 */
export async function requireUsablePool(pool: pg.Pool, isShared: boolean): Promise<void> {
  const client = await pool.connect();
  try {
    const { obstacle } = await pinSettings(client, 0, true);
    if (obstacle !== null) throw new StartError(`The pool that was handed in cannot be used: ${obstacle}`);
    const odd = isShared ? [] : await findOddSettings(client);
    if (odd.length > 0)
      throw new StartError(
        `The database or the role of the pool that was handed in sets ${odd.map(([name]) => name).join(", ")}, which changes what statements mean: make the pool with options: "${odd.map((setting) => `-c ${setting.join("=")}`).join(" ")}", or set preparedStatements: false, so that each transaction has its own.`,
      );
  } finally {
    client.release();
  }
}
