import { type Generated, type RawBuilder, sql } from "kysely";
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

/** Rows over which a count is spread, so that those who add to it do not wait for one another. */
const shards = 8;

/** Beside the row that those add to who wait. */
const anyShard = () => 1 + Math.floor(Math.random() * shards);

/** What is counted once, or taken back. */
export interface CountToAdd {
  readonly key: string;
  readonly what: string;
  /** Whether it is spread over rows; what asks are held to is not, so that each sees all before it. */
  readonly isSpread: boolean;
  readonly by?: 1 | -1;
}

/**
 * Adds to counts in one statement that locks in one order.
 *
 * @param isOwn whether it is a transaction of its own, whose commit does not wait for the disk: a few counts that a database lost as it
 * crashed cost less than a wait before each message
 */
export async function addCounts(db: Queries, counts: readonly CountToAdd[], isOwn = false): Promise<void> {
  if (counts.length > 0) await insertion(counts, isOwn).execute(db);
}

function insertion(counts: readonly CountToAdd[], isOwn: boolean) {
  const shard = anyShard();
  const sorted = [...counts].sort((a, b) => (toPlace(a) < toPlace(b) ? -1 : 1));
  const commit = isOwn ? sql`, set_config('synchronous_commit', 'off', true)` : sql``;
  return sql`
    insert into latchkey.message_counts (key, hour, what, shard, count)
    select key, date_trunc('hour', latchkey.now(), 'UTC'), what, shard, by
    from unnest(${sorted.map(({ key }) => key)}::text[], ${sorted.map(({ what }) => what)}::text[],
      ${sorted.map(({ isSpread }) => (isSpread ? shard : 0))}::smallint[], ${sorted.map(({ by = 1 }) => by)}::int[])
      as added (key, what, shard, by)${commit}
    on conflict (key, hour, what, shard) do update set count = message_counts.count + excluded.count`;
}

/** What everybody adds to comes last, so that nobody waits for it while somebody else's row is waited for. */
const toPlace = ({ key, what }: CountToAdd) => `${isShared(key) ? 1 : 0}${key}${what}`;

/** One more of a count, in a statement that has named `noted` what it has just noted: none where that is nothing. */
export const countNoted = (key: string, what: string) => sql`
  insert into latchkey.message_counts (key, hour, what, shard, count)
  select ${key}, date_trunc('hour', latchkey.now(), 'UTC'), ${what}, ${anyShard()}::smallint, 1 from noted
  on conflict (key, hour, what, shard) do update set count = message_counts.count + 1`;

/**
 * Adds to counts in a transaction of its own, and reads what then was counted under some keys. Whoever adds to the same rows waits until that
 * is committed, so that of many at one moment each sees all before it.
 */
export async function addAndReadCounts(
  db: Queries,
  { counts, keys }: { readonly counts: readonly CountToAdd[]; readonly keys: readonly string[] },
): Promise<ReadonlyMap<string, Count>> {
  const read = await readAfter(db, keys, sql`${insertion(counts, true)} returning key, what, count`);
  // There some add to the rows of one hour and some to the next one's, and none waits for the others: once all have added, all see all.
  return read.isTurnOfHour ? readCounts(db, keys) : read.counts;
}

/** What was counted, and what was proved of it; a read without a lock. */
export async function readCounts(db: Queries, keys: readonly string[]): Promise<ReadonlyMap<string, Count>> {
  const nothing = sql`select '' as key, '' as what, 0 as count where false`;
  return (await readAfter(db, keys, nothing)).counts;
}

/**
 * What everybody counts in has many rows, of which only the present hour's change: the hours before it are added up once and remembered for some
 * minutes. Hours are the database's.
 *
 * The keys come in a row of their own, of which PostgreSQL cannot know the length beforehand: it would plan the statement anew for each ask. The
 * present hour is asked for as "from then on": for "then" it keeps a plan, made while there were few rows, that reads everybody's of that hour. And it is
 * worked out once, in a row of its own: with the zone's name it would be for every row that is read.
 *
 * @param adding what is added before, whose new counts stand for those that the statement sees; of a key the unspread one of this hour
 */
async function readAfter(db: Queries, keys: readonly string[], adding: RawBuilder<unknown>) {
  const { rows } = await sql<Recent>`
    with added as (${adding})
    select asked.key, extract(epoch from present.hour)::float8 as "now",
      date_trunc('hour', latchkey.now() - interval '10 seconds', 'UTC') < date_trunc('hour', latchkey.now() + interval '10 seconds', 'UTC')
        as "isTurnOfHour",
      (coalesce(added.count, recent.own, 0) + recent.spread)::float8 as hour,
      (coalesce(added.count, recent.own, 0) + recent.spread + recent.before)::float8 as day,
      recent.proved_hour::float8 as "provedHour", recent.proved_day::float8 as "provedDay"
    from (select ${keys}::text[] as keys, ${keys.map(isShared)}::bool[] as are_shared offset 0) given
    cross join (select date_trunc('hour', latchkey.now(), 'UTC') as hour offset 0) present
    cross join unnest(given.keys, given.are_shared) as asked (key, is_shared)
    left join added on added.key = asked.key and added.what = 'counted'
    cross join lateral (
      select sum(count) filter (where what = 'counted' and hour = present.hour and shard = 0) as own,
        coalesce(sum(count) filter (where what = 'counted' and hour = present.hour and shard > 0), 0) as spread,
        coalesce(sum(count) filter (where what = 'counted' and hour < present.hour), 0) as before,
        coalesce(sum(count) filter (where what = 'proved' and hour = present.hour), 0) as proved_hour,
        coalesce(sum(count) filter (where what = 'proved'), 0) as proved_day
      from latchkey.message_counts
      where key = asked.key and what in ('counted', 'proved')
        and hour >= present.hour - case when asked.is_shared then interval '0' else interval '23 hours' end
    ) recent`.execute(db.withoutPlugins());
  const counts = await Promise.all(rows.map(async (row) => [row.key, await withPast(db, row)] as const));
  return { counts: new Map(counts), isTurnOfHour: rows[0]?.isTurnOfHour === true };
}

async function withPast(db: Queries, { key, now, hour, day, provedHour, provedDay }: Recent): Promise<Count> {
  const past = isShared(key) ? await rememberPast(db, key, now) : noCount;
  const provedInAll = provedDay + past.provedDay;
  const provedBest = Math.max(provedInAll, past.provedBest);
  return { hour, day: day + past.day, provedHour, provedDay: provedInAll, provedBest };
}

interface Recent extends Omit<Count, "provedBest"> {
  readonly key: string;
  /** The present hour, in seconds since 1970. */
  readonly now: number;
  readonly isTurnOfHour: boolean;
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
      where key = ${key} and hour > latchkey.now() - interval '14 days' and hour < date_trunc('hour', latchkey.now(), 'UTC')
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
