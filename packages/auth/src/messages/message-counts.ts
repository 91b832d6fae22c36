import { type Generated, sql } from "kysely";
import type { Queries } from "../storage/database.ts";
import { type Count, noCount } from "./firewall-rules.ts";

declare module "../storage/database.ts" {
  interface Database {
    messageCounts: MessageCountsTable;
  }
}

interface MessageCountsTable {
  /** A country as `country:TR`, a range of ten million numbers as `range:TR:+90532`, all as `total`, and what is about a person as a keyed hash. */
  key: string;
  hour: Generated<Date>;
  what: string;
  shard: number;
  count: number;
}

/** Rows over which a shared total is spread, so that those who add to it do not wait for one another. */
const shards = 8;

/** What is counted once, or taken back. */
export interface CountToAdd {
  readonly key: string;
  /** Whether many add to it at the same time. */
  readonly isShared: boolean;
  readonly what: string;
  readonly by?: 1 | -1;
}

/**
 * Adds to counts in one statement that locks in one order.
 *
 * @param isOwn whether it is a transaction of its own, whose commit does not wait for the disk: a few counts that a database lost as it
 * crashed cost less than a wait before each message
 */
export async function addCounts(db: Queries, counts: readonly CountToAdd[], isOwn = false): Promise<void> {
  if (counts.length === 0) return;
  const shard = Math.floor(Math.random() * shards);
  const sorted = [...counts].sort((a, b) => (a.key + a.what < b.key + b.what ? -1 : 1));
  const commit = isOwn ? sql`, set_config('synchronous_commit', 'off', true)` : sql``;
  await sql`
    insert into latchkey.message_counts (key, hour, what, shard, count)
    select key, date_trunc('hour', latchkey.now()), what, shard, by
    from unnest(${sorted.map(({ key }) => key)}::text[], ${sorted.map(({ what }) => what)}::text[],
      ${sorted.map(({ isShared }) => (isShared ? shard : 0))}::smallint[], ${sorted.map(({ by = 1 }) => by)}::int[])
      as added (key, what, shard, by)${commit}
    on conflict (key, hour, what, shard) do update set count = message_counts.count + excluded.count`.execute(db);
}

/** One more of a count, in a statement that has named `noted` what it has just noted: none where that is nothing. */
export const countNoted = (key: string, what: string) => sql`
  insert into latchkey.message_counts (key, hour, what, shard, count)
  select ${key}, date_trunc('hour', latchkey.now()), ${what}, ${Math.floor(Math.random() * shards)}::smallint, 1 from noted
  on conflict (key, hour, what, shard) do update set count = message_counts.count + 1`;

/**
 * What was counted, and what was proved of it; a read without a lock. Of keys of which nothing is known there is none.
 *
 * What everybody counts in has many rows, of which only the present hour's change: the hours before it are added up once and remembered for some
 * minutes. Hours are the database's.
 *
 * The present hour is asked for as "from then on": for "then" PostgreSQL keeps a plan, made while there were few rows, that reads everybody's
 * of that hour.
 */
export async function readCounts(db: Queries, keys: readonly string[]): Promise<ReadonlyMap<string, Count>> {
  const [shared, own] = [keys.filter(isShared), keys.filter((key) => !isShared(key))];
  const { rows } = await sql<Recent>`
    with counts as (
      select key, what, hour, count from latchkey.message_counts
      where key = any(${shared}::text[]) and hour >= date_trunc('hour', latchkey.now()) and what in ('counted', 'proved')
      union all
      select key, what, hour, count from latchkey.message_counts
      where key = any(${own}::text[]) and hour > latchkey.now() - interval '1 day' and what in ('counted', 'proved')
    ), recent as (
      select key,
        sum(count) filter (where what = 'counted' and hour = date_trunc('hour', latchkey.now())) as hour,
        sum(count) filter (where what = 'counted') as day,
        sum(count) filter (where what = 'proved' and hour = date_trunc('hour', latchkey.now())) as proved_hour,
        sum(count) filter (where what = 'proved') as proved_day
      from counts group by key
    )
    select extract(epoch from date_trunc('hour', latchkey.now()))::float8 as "now", key,
      coalesce(hour, 0)::float8 as hour, coalesce(day, 0)::float8 as day,
      coalesce(proved_hour, 0)::float8 as "provedHour", coalesce(proved_day, 0)::float8 as "provedDay"
    from (select) once left join recent on true`.execute(db.withoutPlugins());
  const counts = new Map<string, Count>();
  for (const { now: _, key, ...count } of rows)
    if (key !== null) counts.set(key, { ...count, provedBest: count.provedDay });
  const now = rows[0]?.now ?? 0;
  const pasts = await Promise.all(shared.map(async (key) => [key, await rememberPast(db, key, now)] as const));
  for (const [key, past] of pasts) {
    const { hour, provedHour, ...recent } = counts.get(key) ?? noCount;
    const provedDay = recent.provedDay + past.provedDay;
    const provedBest = Math.max(provedDay, past.provedBest);
    counts.set(key, { hour, provedHour, day: recent.day + past.day, provedDay, provedBest });
  }
  return counts;
}

interface Recent extends Omit<Count, "provedBest"> {
  /** The present hour, in seconds since 1970. */
  readonly now: number;
  readonly key: string | null;
}

/** Of the hours before the present one: the last day, and the best of the days before it. */
type Past = Pick<Count, "day" | "provedDay" | "provedBest">;

interface Remembered {
  readonly now: number;
  readonly readAt: number;
  readonly past: Promise<Past>;
}

const remembered = new WeakMap<Queries, Map<string, Remembered>>();

/** Milliseconds for which the hours that are over are not added up again, though a transaction of then may have been slow. */
const memory = 300_000;

/** A country or a range of it, and everything: what is about a person is a hash. */
const isShared = (key: string) => /^(country|range):|^(email-)?total$/.test(key);

function rememberPast(db: Queries, key: string, now: number): Promise<Past> {
  const ofDatabase = remembered.get(db) ?? new Map<string, Remembered>();
  remembered.set(db, ofDatabase);
  const known = ofDatabase.get(key);
  if (known?.now === now && performance.now() - known.readAt < memory) return known.past;
  const past = readPast(db, key);
  ofDatabase.set(key, { now, readAt: performance.now(), past });
  past.catch(() => ofDatabase.delete(key));
  return past;
}

async function readPast(db: Queries, key: string): Promise<Past> {
  const { rows } = await sql<Past>`
    with days as (
      select what, floor(extract(epoch from latchkey.now() - hour) / 86400) as days_ago, sum(count) as count
      from latchkey.message_counts
      where key = ${key} and hour > latchkey.now() - interval '14 days' and hour < date_trunc('hour', latchkey.now())
        and what in ('counted', 'proved')
      group by what, days_ago
    )
    select coalesce(sum(count) filter (where what = 'counted' and days_ago = 0), 0)::float8 as day,
      coalesce(sum(count) filter (where what = 'proved' and days_ago = 0), 0)::float8 as "provedDay",
      coalesce(max(count) filter (where what = 'proved' and days_ago > 0), 0)::float8 as "provedBest"
    from days`.execute(db.withoutPlugins());
  return rows[0] ?? noCount;
}

/** What happened in a country in the last 24 hours, by what it was: `asked`, `counted`, `proved`, `refused:network` and its like. */
export async function readCountries(
  db: Queries,
): Promise<readonly { readonly country: string; readonly what: string; readonly count: number }[]> {
  const { rows } = await sql<{ country: string; what: string; count: number }>`
    select substr(key, 9) as country, what, sum(count)::float8 as count from latchkey.message_counts
    where key like 'country:%' and hour > latchkey.now() - interval '1 day'
    group by key, what order by key, what`.execute(db.withoutPlugins());
  return rows;
}

/** What became of messages in a stretch of time. */
export interface MessageSpan {
  /** When it began. */
  readonly from: Date;
  readonly asked: number;
  /** Messages that a provider has taken. */
  readonly sent: number;
  readonly delivered: number;
  readonly failed: number;
  /** Codes that came back. */
  readonly proved: number;
  readonly refused: number;
}

/** What became of messages in each of the last hours, the present one among them; an hour of which there is nothing is not there. */
export async function readHours(
  db: Queries,
  { keys, hours }: { readonly keys: readonly string[]; readonly hours: number },
): Promise<MessageSpan[]> {
  const sum = (what: string) => sql<number>`coalesce(sum(count) filter (where what like ${what}), 0)::float8`;
  const { rows } = await sql<MessageSpan>`
    select hour as "from", ${sum("asked")} as asked, ${sum("sent")} as sent, ${sum("delivered")} as delivered,
      ${sum("failed")} as failed, ${sum("proved")} as proved, ${sum("refused:%")} as refused
    from latchkey.message_counts
    where key = any(${keys}::text[]) and hour > latchkey.now() - make_interval(hours => ${hours})
    group by hour order by hour`.execute(db.withoutPlugins());
  return rows;
}

/** Deletes counts that no limit looks at any more, `atMost` at a time, and answers how many. */
export async function deleteOldCounts(db: Queries, atMost: number): Promise<number> {
  const { numAffectedRows } = await sql`
    delete from latchkey.message_counts where ctid in (
      select ctid from latchkey.message_counts
      where hour < latchkey.now() - interval '15 days' limit ${atMost} for update skip locked)`.execute(db);
  return Number(numAffectedRows ?? 0n);
}
