import { createHash } from "node:crypto";
import type { PostgresPool, PostgresPoolClient, PostgresQueryResult } from "kysely";
import type pg from "pg";

/** From which use on a statement is prepared: PostgreSQL, too, looks at five plans before it settles for one. */
const firstPrepared = 5;

/** Statements that are prepared at most. Each costs memory on every connection. */
const mostPrepared = 200;

/**
 * The pool as Kysely needs it, with those statements prepared that come again and again: PostgreSQL parses and plans them once a
 * connection and not once a call. List the columns of a result by name: a prepared `select *` fails once a newer version has
 * added one.
 */
export function preparingPool(pool: pg.Pool): PostgresPool {
  const nameStatement = createNames();
  const wrapped = new WeakMap<pg.PoolClient, PostgresPoolClient>();

  function wrap(client: pg.PoolClient): PostgresPoolClient {
    function query<R>(text: unknown, values: readonly unknown[] = []): Promise<PostgresQueryResult<R>> {
      if (typeof text !== "string") throw new TypeError("Cursors are not used");
      const name = nameStatement(text);
      const statement = name === null ? { text, values: [...values] } : { name, text, values: [...values] };
      return client.query(statement) as unknown as Promise<PostgresQueryResult<R>>;
    }
    return { query: query as PostgresPoolClient["query"], release: (destroy) => client.release(destroy) };
  }

  return {
    options: pool.options,
    end: () => pool.end(),
    async connect() {
      const client = await pool.connect();
      const known = wrapped.get(client) ?? wrap(client);
      wrapped.set(client, known);
      return known;
    },
  };
}

/** Names of statements; null for one that is not to be prepared, or not yet. */
function createNames(): (text: string) => string | null {
  const uses = new Map<string, number>();
  const names = new Map<string, string>();
  return (text) => {
    const known = names.get(text);
    if (known !== undefined) return known;
    if (names.size === mostPrepared || !/^\s*(select|insert|update|delete|with)\b/i.test(text)) return null;
    const count = (uses.get(text) ?? 0) + 1;
    if (count < firstPrepared) {
      // Texts that hardly ever come again, such as lists of many lengths, are forgotten together.
      if (uses.size === mostPrepared * 5) uses.clear();
      uses.set(text, count);
      return null;
    }
    uses.delete(text);
    const name = createHash("sha256").update(text).digest("base64url");
    names.set(text, name);
    return name;
  };
}
