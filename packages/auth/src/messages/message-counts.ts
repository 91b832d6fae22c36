import { type Generated, sql } from "kysely";
import type { Queries } from "../storage/database.ts";
import type { Count } from "./firewall-rules.ts";

declare module "../storage/database.ts" {
  interface Database {
    messageCounts: MessageCountsTable;
  }
}

interface MessageCountsTable {
  /** A country as `country:TR`, all as `total`, and everything that is about a person as a keyed hash. */
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

/** What was counted, and what was proved of it; a read without a lock. Of keys of which nothing is known there is none. */
export async function readCounts(db: Queries, keys: readonly string[]): Promise<ReadonlyMap<string, Count>> {
  const { rows } = await sql<Count & { key: string }>`
    with days as (
      select key, what, floor(extract(epoch from latchkey.now() - hour) / 86400) as days_ago,
        sum(count) as count, sum(count) filter (where hour = date_trunc('hour', latchkey.now())) as this_hour
      from latchkey.message_counts
      where key = any(${keys}::text[]) and hour > latchkey.now() - interval '14 days' and what in ('counted', 'proved')
      group by key, what, days_ago
    )
    select key,
      coalesce(sum(this_hour) filter (where what = 'counted'), 0)::float8 as hour,
      coalesce(sum(count) filter (where what = 'counted' and days_ago = 0), 0)::float8 as day,
      coalesce(sum(this_hour) filter (where what = 'proved'), 0)::float8 as "provedHour",
      coalesce(sum(count) filter (where what = 'proved' and days_ago = 0), 0)::float8 as "provedDay",
      coalesce(max(count) filter (where what = 'proved'), 0)::float8 as "provedBest"
    from days group by key`.execute(db.withoutPlugins());
  return new Map(rows.map(({ key, ...count }) => [key, count]));
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

/** Deletes counts that no limit looks at any more, `atMost` at a time, and answers how many. */
export async function deleteOldCounts(db: Queries, atMost: number): Promise<number> {
  const { numAffectedRows } = await sql`
    delete from latchkey.message_counts where ctid in (
      select ctid from latchkey.message_counts
      where hour < latchkey.now() - interval '15 days' limit ${atMost} for update skip locked)`.execute(db);
  return Number(numAffectedRows ?? 0n);
}
