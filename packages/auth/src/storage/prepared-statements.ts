import { createHash } from "node:crypto";
import type { PostgresPool, PostgresPoolClient } from "kysely";
import type pg from "pg";
import { toStatement } from "./column-types.ts";
import { isConflict, isLostStatement, isStaleStatement, repeat, throwFailure } from "./repeat.ts";

/** From which use on a statement is prepared: PostgreSQL, too, looks at five plans before it settles for one. */
const firstPrepared = 5;

/** Statements that are prepared at most. Each costs memory on every connection. */
const mostPrepared = 200;

/** Statements that connections may have forgotten before nothing is prepared any more: a pooler does not support it. */
const mostLost = 20;

/**
 * The pool as Kysely needs it, with those statements prepared that come again and again: PostgreSQL parses and plans them once a
 * connection and not once a call. A statement that fails for a reason that passes is run again: by itself here, with the whole
 * transaction where it is part of one.
 */
export function preparingPool(pool: pg.Pool, owner: Pick<PostgresPool, "end"> = pool): PostgresPool {
  const names = createNames();
  const wrapped = new WeakMap<pg.PoolClient, PostgresPoolClient>();

  function wrap(client: pg.PoolClient): PostgresPoolClient {
    async function run(text: string, values: readonly unknown[]) {
      const name = names.of(text);
      try {
        return await client.query({ ...(name === undefined ? {} : { name }), ...toStatement(text, values) });
      } catch (error) {
        if (name !== undefined && isStaleStatement(error)) names.renew(text, name, error);
        throw error;
      }
    }
    const query = (text: string, values: readonly unknown[] = []) =>
      isInTransaction(client)
        ? run(text, values)
        : repeat(
            () => run(text, values),
            (error) => isConflict(error) || isStaleStatement(error),
          ).catch(throwFailure);
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

/** A pool that was handed in may be of an older `pg`, which does not say: then nothing is run again here. */
function isInTransaction(client: Partial<pg.PoolClient>): boolean {
  return client.getTransactionStatus === undefined || client.getTransactionStatus() === "T";
}

/** One statement that is run outside of transactions, so often that it is prepared from the first time on. */
export function prepareQuery<Row extends pg.QueryResultRow>(
  pool: pg.Pool,
  label: string,
  text: string,
): (values: unknown[]) => Promise<pg.QueryResult<Row>> {
  const generations = createGenerations(label);
  return (values) =>
    repeat(
      async () => {
        const name = generations.current();
        try {
          return await pool.query<Row>({ ...(name === undefined ? {} : { name }), ...toStatement(text, values) });
        } catch (error) {
          if (name !== undefined && isStaleStatement(error)) generations.renew(name, error);
          throw error;
        }
      },
      (error) => isConflict(error) || isStaleStatement(error),
    );
}

interface Generations {
  /** The name to prepare it by; undefined when it is not to be prepared any more. */
  current(): string | undefined;
  /** Gives up the name by which the statement failed, on every connection at once. */
  renew(failed: string, error: unknown): void;
}

/** What one statement is called: another name whenever the present one stands for something else than it should. */
function createGenerations(base: string): Generations {
  let generation = 0;
  let lost = 0;
  const name = () => (generation === 0 ? base : `${base}.${generation}`);
  return {
    current: () => (lost > mostLost ? undefined : name()),
    renew(failed, error) {
      if (isLostStatement(error)) lost++;
      // Of several calls that failed together the first has done it.
      if (failed === name()) generation++;
    },
  };
}

interface Names {
  /** Undefined for a statement that is not to be prepared, or not yet. */
  of(text: string): string | undefined;
  renew(text: string, failed: string, error: unknown): void;
}

function createNames(): Names {
  const uses = new Map<string, number>();
  const names = new Map<string, Generations>();

  function isDue(text: string): boolean {
    if (names.size === mostPrepared || !/^\s*(select|insert|update|delete|with)\b/i.test(text)) return false;
    const count = (uses.get(text) ?? 0) + 1;
    if (count >= firstPrepared) return uses.delete(text) || true;
    // Texts that hardly ever come again, such as lists of many lengths, are forgotten together.
    if (uses.size === mostPrepared * 5) uses.clear();
    uses.set(text, count);
    return false;
  }

  return {
    of(text) {
      const known = names.get(text);
      if (known) return known.current();
      if (!isDue(text)) return undefined;
      const generations = createGenerations(createHash("sha256").update(text).digest("base64url"));
      names.set(text, generations);
      return generations.current();
    },
    renew: (text, failed, error) => names.get(text)?.renew(failed, error),
  };
}
