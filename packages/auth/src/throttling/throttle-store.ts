import { type Generated, sql } from "kysely";
import type { Queries } from "../storage/database.ts";
import type { Counter } from "./counter.ts";

declare module "../storage/database.ts" {
  interface Database {
    throttles: ThrottlesTable;
  }
}

interface ThrottlesTable {
  /** A keyed hash of what is counted, so that the table tells nobody who called from where. */
  key: Buffer;
  count: Generated<number>;
  availableAt: Generated<Date>;
  forgottenAt: Generated<Date | null>;
}

export interface StoredCounter extends Counter {
  readonly key: Buffer;
}

export interface ReadCounters {
  readonly counters: readonly StoredCounter[];
  /** The database's time. */
  readonly now: Date;
}

type CounterRow = StoredCounter & { now: Date };

const counterColumns = sql.raw(
  `key, count, available_at as "availableAt", forgotten_at as "forgottenAt", latchkey.now() as now`,
);

/**
 * Reads counters, made where there are none, which nobody else can change until the transaction ends; without those that somebody
 * else holds. It never waits for a counter, and so never with one.
 */
export async function lockFreeCounters(transaction: Queries, keys: readonly Buffer[]): Promise<ReadCounters> {
  const { rows } = await sql<CounterRow>`
    with made as (
      insert into latchkey.throttles (key) select key from unnest(${keys}::bytea[]) key order by key
      on conflict (key) do nothing returning ${counterColumns}
    ), locked as (
      select ${counterColumns} from latchkey.throttles where key = any(${keys}::bytea[]) for update skip locked
    )
    select * from made union all select * from locked`.execute(transaction.withoutPlugins());
  return toCounters(rows);
}

/**
 * The same for all of them, however long it takes. They are locked in one order, so that of two who want the same ones each gets all
 * or waits for all.
 */
export async function lockCounters(transaction: Queries, keys: readonly Buffer[]): Promise<ReadCounters> {
  const { rows } = await sql<CounterRow>`
    insert into latchkey.throttles (key) select key from unnest(${keys}::bytea[]) key order by key
    on conflict (key) do update set key = excluded.key
    returning ${counterColumns}`.execute(transaction.withoutPlugins());
  return toCounters(rows);
}

const toCounters = (rows: readonly CounterRow[]): ReadCounters => ({
  counters: rows,
  now: rows[0]?.now ?? new Date(0),
});

/** Reads counters as they are at this moment, without a lock, in one statement; without those that are not there. */
export async function readCounters(db: Queries, keys: readonly Buffer[]): Promise<ReadCounters> {
  const { rows } = await sql<CounterRow>`
    select ${counterColumns} from latchkey.throttles where key = any(${keys}::bytea[])`.execute(db.withoutPlugins());
  return toCounters(rows);
}

/** Writes counters that this transaction has locked. */
export async function putCounters(transaction: Queries, counters: readonly StoredCounter[]): Promise<void> {
  const column = <Name extends keyof StoredCounter>(name: Name) => counters.map((counter) => counter[name]);
  await sql`
    update latchkey.throttles set count = next.count, available_at = next.available_at, forgotten_at = next.forgotten_at
    from unnest(${column("key")}::bytea[], ${column("count")}::int[], ${column("availableAt")}::timestamptz[],
      ${column("forgottenAt")}::timestamptz[]) as next (key, count, available_at, forgotten_at)
    where throttles.key = next.key`.execute(transaction);
}

/** Forgets some counters and takes one attempt off others, in one statement that locks them in the order of all. */
export async function releaseCounters(
  db: Queries,
  { reset, giveBack }: { reset: readonly Buffer[]; giveBack: readonly Buffer[] },
): Promise<void> {
  await sql`
    with locked as (
      select key from latchkey.throttles where key = any(${[...reset, ...giveBack]}::bytea[]) order by key for update
    ), forgotten as (
      delete from latchkey.throttles where key in (select key from locked) and key = any(${reset}::bytea[])
    )
    update latchkey.throttles set count = count - 1, available_at = latchkey.now()
    where key in (select key from locked) and key = any(${giveBack}::bytea[]) and count > 0`.execute(db);
}

/** Deletes what is forgotten, `atMost` at a time, and answers how many there were. */
export async function deleteForgottenCounters(db: Queries, atMost: number): Promise<number> {
  const forgotten = db
    .selectFrom("throttles")
    .select("key")
    .where(sql<boolean>`forgotten_at <= latchkey.now()`)
    .limit(atMost)
    .forUpdate()
    .skipLocked();
  const result = await db.deleteFrom("throttles").where("key", "in", forgotten).executeTakeFirst();
  return Number(result.numDeletedRows);
}
