import { sql } from "kysely";
import type { Queries } from "../storage/database.ts";
import type { AuditEvent } from "./audit-event.ts";

/** How often something happened in an hour. */
export interface EventCount {
  /** When the hour began. */
  readonly hour: Date;
  readonly event: AuditEvent["event"];
  readonly count: number;
}

/** How often something happened in five minutes. */
export interface RecentEventCount extends Omit<EventCount, "hour"> {
  /** When the five minutes began. */
  readonly from: Date;
}

/** What happened; a stretch of time of which there is nothing is not there. */
export interface EventCounts {
  /** In each of the last 24 hours, the present one among them. */
  readonly hours: readonly EventCount[];
  /** In the last hour, in steps of five minutes. */
  readonly lastHour: readonly RecentEventCount[];
}

/** All times here are seconds since 1970, by the database's clock. */
interface Count {
  readonly from: number;
  readonly event: AuditEvent["event"];
  readonly count: number;
}

const [hour, step] = [3_600, 300];

/** Steps that one statement counts: of a million events an hour it takes less than half of the time that it has. */
const stepsAtOnce = 6;

/** Seconds after which nobody adds to a step any more: whoever noted an event then has committed. */
const settled = 600;

/** The steps that are over, of which each process counts the events once: somebody may look every few seconds. */
const remembered = new WeakMap<Queries, Map<number, readonly Count[]>>();

/** Counts what happened in the last 24 hours and in the last one. */
export async function countEvents(db: Queries): Promise<EventCounts> {
  const now = await readTime(db);
  const first = startOf(now, hour) - 23 * hour;
  const known = recall(db, { first, now });
  const steps = Array.from({ length: Math.floor((now - first) / step) + 1 }, (_, nth) => first + nth * step);
  const missing = steps.filter((from) => !known.has(from));
  const fresh: Count[] = [];
  for (let at = 0; at < missing.length; at += stepsAtOnce) {
    const asked = missing.slice(at, at + stepsAtOnce);
    const counts = await count(db, asked, { since: first });
    fresh.push(...counts);
    for (const from of asked.filter((from) => from + step + settled <= now))
      known.set(
        from,
        counts.filter((count) => count.from === from),
      );
  }
  const all = [...[...known.values()].flat(), ...fresh.filter(({ from }) => !known.has(from))];
  const begun = await count(db, [startOf(now - hour, step)], { since: now - hour });
  const recent = [...begun, ...all.filter(({ from }) => from > now - hour)];
  return {
    hours: addUp(all).map(({ from, ...count }) => ({ hour: new Date(from * 1_000), ...count })),
    lastHour: inOrder(recent).map(({ from, ...count }) => ({ from: new Date(from * 1_000), ...count })),
  };
}

const startOf = (time: number, length: number) => time - (time % length);

async function readTime(db: Queries): Promise<number> {
  const { rows } = await sql<{ now: number }>`select extract(epoch from latchkey.now())::float8 as now`.execute(db);
  return rows[0]?.now ?? 0;
}

/** What is known of the steps since `first`; nothing where the clock was set back, since what happens now is in steps that were over. */
function recall(db: Queries, { first, now }: { readonly first: number; readonly now: number }) {
  const known = remembered.get(db) ?? new Map<number, readonly Count[]>();
  remembered.set(db, known);
  const isSetBack = [...known.keys()].some((from) => from + step > now);
  for (const from of known.keys()) if (isSetBack || from < first) known.delete(from);
  return known;
}

/** Each step is a read of its own of the index of times, with as many groups as there are kinds of events: a group for each step and kind would be sorted on disk. */
async function count(db: Queries, steps: readonly number[], { since }: { readonly since: number }): Promise<Count[]> {
  const { rows } = await sql<Count>`
    select step.begins as "from", found.event, found.count
    from unnest(${steps}::float8[]) as step (begins), lateral (
      select event, count(*)::float8 as count from latchkey.audit_events
      where occurred_at >= to_timestamp(greatest(step.begins, ${since}::float8)) and occurred_at < to_timestamp(step.begins + ${step}::float8)
      group by event offset 0
    ) found`.execute(db.withoutPlugins());
  return rows;
}

function addUp(counts: readonly Count[]): Count[] {
  const sums = new Map<string, Count>();
  for (const { event, count, ...of } of counts) {
    const from = startOf(of.from, hour);
    const key = `${from} ${event}`;
    sums.set(key, { from, event, count: count + (sums.get(key)?.count ?? 0) });
  }
  return inOrder([...sums.values()]);
}

const inOrder = (counts: readonly Count[]) =>
  [...counts].sort((one, other) => one.from - other.from || (one.event < other.event ? -1 : 1));
