import type pg from "pg";
import { type DatabaseOptions, givenPool, isShared } from "./database.ts";
import type { DatabaseClient } from "./given-pool.ts";
import { openPoolWithoutTimeout } from "./pool.ts";

export interface LentClient extends AsyncDisposable {
  readonly client: pg.PoolClient;
}

/** A connection for one long piece of work. It is closed afterwards, or rolled back and given back where the pool is somebody else's. */
export async function withClient(database: DatabaseOptions): Promise<LentClient> {
  const given = givenPool(database);
  const pool = given ?? openPoolWithoutTimeout({ ...(database as pg.PoolConfig), max: 1 }, isShared(database));
  const client = await pool.connect().catch(async (error: unknown) => {
    if (!given) await pool.end();
    throw error;
  });
  return {
    client,
    async [Symbol.asyncDispose]() {
      // What was cut off in the midst of a stream is not to be had back in order.
      client.release(true);
      if (!given) await pool.end();
    },
  };
}

/** A connection whose statements take as long as they take, until it is disposed of. */
export interface LongConnection extends AsyncDisposable {
  readonly client: DatabaseClient;
}

/** The same for whoever has no `pg` of their own. */
export const openLongConnection: (database: DatabaseOptions) => Promise<LongConnection> = withClient;
