import { createHash } from "node:crypto";
import type { PostgresPool, PostgresPoolClient } from "kysely";
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
export function preparingPool(pool: pg.Pool, owner: Pick<PostgresPool, "end"> = pool): PostgresPool {
  const nameStatement = createNames();
  const wrapped = new WeakMap<pg.PoolClient, PostgresPoolClient>();

  function wrap(client: pg.PoolClient): PostgresPoolClient {
    const query = (text: string, values: readonly unknown[] = []) =>
      client.query({ name: nameStatement(text), text, values: [...values] });
    // What `pg` calls a text, Kysely calls one of the commands that there are; cursors, the other form, are never asked for.
    return { query: query as unknown as PostgresPoolClient["query"], release: (destroy) => client.release(destroy) };
  }

  return {
    options: pool.options,
    end: () => owner.end(),
    async connect() {
      const client = await pool.connect();
      const known = wrapped.get(client) ?? wrap(client);
      wrapped.set(client, known);
      return known;
    },
  };
}

/** Names of statements; undefined for one that is not to be prepared, or not yet. */
function createNames(): (text: string) => string | undefined {
  const uses = new Map<string, number>();
  const names = new Map<string, string>();
  return (text) => {
    const known = names.get(text);
    if (known !== undefined) return known;
    if (names.size === mostPrepared || !/^\s*(select|insert|update|delete|with)\b/i.test(text)) return undefined;
    const count = (uses.get(text) ?? 0) + 1;
    if (count < firstPrepared) {
      // Texts that hardly ever come again, such as lists of many lengths, are forgotten together.
      if (uses.size === mostPrepared * 5) uses.clear();
      uses.set(text, count);
      return undefined;
    }
    uses.delete(text);
    const name = createHash("sha256").update(text).digest("base64url");
    names.set(text, name);
    return name;
  };
}
