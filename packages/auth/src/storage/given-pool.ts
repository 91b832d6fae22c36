import type { PostgresPool } from "kysely";
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

/** A pool of `pg` by what is needed of it, ours or not. */
export interface PgPool extends PostgresPool {
  connect(): Promise<pg.PoolClient>;
}

/** A pool that belongs to somebody else: it is never ended here. */
export function borrow(pool: pg.Pool): PgPool {
  return { options: pool.options, connect: () => pool.connect(), end: async () => {} };
}
