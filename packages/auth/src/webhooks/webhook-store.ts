import { type RawBuilder, sql } from "kysely";
import type { Queries } from "../storage/database.ts";

declare module "../storage/database.ts" {
  interface Database {
    webhookEndpoints: { name: string; seenAt: Date };
  }
}

/** An event on its way to one endpoint. */
export interface LeasedEvent {
  /** The `webhook-id`: the same at each try. */
  readonly id: string;
  readonly type: string;
  readonly userId: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly occurredAt: Date;
  readonly tries: number;
}

/** Notes that this process tells these endpoints. One that no process has named for a day is told nothing any more. */
export async function noteEndpoints(db: Queries, names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  await sql`
    insert into latchkey.webhook_endpoints (name) select unnest(${[...names].sort()}::text[])
    on conflict (name) do update set seen_at = latchkey.now()`.execute(db);
}

/** The endpoints that some process still names. */
export const seenEndpoints = sql`
  select name from latchkey.webhook_endpoints where seen_at > latchkey.now() - interval '1 day'`;

/** Gives up what waits for an endpoint that no process names any more. Answers how many, at most so many at once. */
export async function giveUpForgotten(db: Queries, atMost: number): Promise<number> {
  const { numAffectedRows } = await sql`
    update latchkey.webhook_events
    set due_at = null, lease_until = null, failure = 'no process names this endpoint any more'
    where position in (
      select position from latchkey.webhook_events
      where due_at is not null and occurred_at < latchkey.now() - interval '1 day' and endpoint not in (${seenEndpoints})
      limit ${atMost} for update skip locked)`.execute(db.withoutPlugins());
  return Number(numAffectedRows ?? 0n);
}

/** What was taken of what is due. */
export interface Leased {
  readonly events: readonly LeasedEvent[];
  /** Whether anything was due: there may be more. */
  readonly isAny: boolean;
}

/** Events that are looked at for some that may be sent. One person may have a million, of which the oldest alone may. */
const lookedAt = 200;

/**
 * Takes what is due for an endpoint, for so many seconds. Of one person it takes only the oldest: the next is due when that one has arrived
 * or was given up. Those behind it are put off, so that they keep nobody else's from being found: the next one until a moment after the oldest is
 * due, and those behind that one for an hour. {@link wakeNext} has each sent when its turn comes; one that it misses, because it is put off at that
 * moment, loses this time and no more.
 */
export async function leaseEvents(
  db: Queries,
  endpoint: string,
  { atMost, seconds }: { readonly atMost: number; readonly seconds: number },
): Promise<Leased> {
  const { rows } = await sql<LeasedEvent | { readonly id: null }>`
    with looked as (
      select position, user_id, due_at from latchkey.webhook_events
      where endpoint = ${endpoint} and due_at <= latchkey.now() and coalesce(lease_until <= latchkey.now(), true)
      order by due_at, position limit ${lookedAt} for update skip locked
    ), placed as (
      select position, due_at, place, oldest_due_at
      from looked cross join lateral (
        select count(*) as place, (array_agg(due_at order by position))[1] as oldest_due_at from (
          select earlier.position, earlier.due_at from latchkey.webhook_events earlier
          where earlier.endpoint = ${endpoint} and earlier.user_id = looked.user_id and earlier.due_at is not null
            and earlier.position < looked.position
          order by earlier.position limit 2
        ) two
      ) before
    ), put_off as (
      update latchkey.webhook_events event
      set due_at = greatest(latchkey.now(), oldest_due_at) + case place when 1 then interval '5 seconds' else interval '1 hour' end
      from placed where event.position = placed.position and place > 0
    ), leased as (
      update latchkey.webhook_events event
      set lease_until = latchkey.now() + make_interval(secs => ${seconds}), tries = tries + 1
      from (select position from placed where place = 0 order by due_at, position limit ${atMost}) due
      where event.position = due.position
      returning id, type, user_id as "userId", data, occurred_at as "occurredAt", tries
    )
    select leased.* from (select from looked limit 1) any_looked left join leased on true`.execute(db.withoutPlugins());
  return { events: rows.filter((row): row is LeasedEvent => row.id !== null), isAny: rows.length > 0 };
}

/** Has the next event of the same person sent now, where one has arrived or was given up. */
const wakeNext = (done: string) => sql`
  update latchkey.webhook_events next set due_at = latchkey.now() from ${sql.table(done)}
  where next.due_at > latchkey.now() and next.position = (
    select later.position from latchkey.webhook_events later
    where later.endpoint = ${sql.ref(`${done}.endpoint`)} and later.user_id = ${sql.ref(`${done}.user_id`)}
      and later.due_at is not null and later.position > ${sql.ref(`${done}.position`)}
    order by later.position limit 1)`;

export async function markDelivered(db: Queries, id: string): Promise<void> {
  await sql`
    with delivered as (
      update latchkey.webhook_events
      set due_at = null, lease_until = null, delivered_at = latchkey.now(), failure = null where id = ${id}::uuid
      returning endpoint, user_id, position
    )
    ${wakeNext("delivered")}`.execute(db.withoutPlugins());
}

/** Has an event tried again after so many seconds, or gives it up a day after it happened. True where it is tried again. */
export async function markUndelivered(
  db: Queries,
  id: string,
  { failure, seconds }: { readonly failure: string; readonly seconds: number },
): Promise<boolean> {
  const { rows } = await sql<{ isDue: boolean }>`
    with noted as (
      update latchkey.webhook_events set lease_until = null, failure = ${failure.slice(0, 200)},
        due_at = case when occurred_at > latchkey.now() - interval '1 day' or tries = 1
          then latchkey.now() + make_interval(secs => ${seconds}) end
      where id = ${id}::uuid and due_at is not null
      returning endpoint, user_id, position, due_at is not null as is_due
    ), given_up as (
      select * from noted where not is_due
    ), woken as (${wakeNext("given_up")})
    select is_due as "isDue" from noted`.execute(db.withoutPlugins());
  return rows[0]?.isDue ?? false;
}

/** How an endpoint stands. */
export interface EndpointReport {
  readonly endpoint: string;
  readonly waiting: number;
  /** Given up after a day, and kept for 30. */
  readonly failed: number;
  /** In the last seven days. */
  readonly delivered: number;
  readonly oldestWaiting: Date | null;
  readonly lastFailure: string | null;
}

export async function reportEndpoints(db: Queries): Promise<readonly EndpointReport[]> {
  const { rows } = await sql<EndpointReport>`
    select name as endpoint,
      count(*) filter (where due_at is not null)::int as waiting,
      count(*) filter (where due_at is null and delivered_at is null and position is not null)::int as failed,
      count(*) filter (where delivered_at is not null)::int as delivered,
      min(occurred_at) filter (where due_at is not null) as "oldestWaiting",
      (array_agg(failure order by position desc) filter (where failure is not null))[1] as "lastFailure"
    from (select name from latchkey.webhook_endpoints union select endpoint from latchkey.webhook_events) known
    left join latchkey.webhook_events on endpoint = name
    group by name order by name`.execute(db.withoutPlugins());
  return rows;
}

/** An event that has not arrived. */
export interface UndeliveredEvent {
  readonly id: string;
  readonly endpoint: string;
  readonly type: string;
  readonly userId: string;
  readonly occurredAt: Date;
  readonly tries: number;
  readonly state: "waiting" | "failed";
  readonly failure: string | null;
}

export async function listUndelivered(db: Queries, limit: number): Promise<readonly UndeliveredEvent[]> {
  const { rows } = await sql<UndeliveredEvent>`
    select id, endpoint, type, user_id as "userId", occurred_at as "occurredAt", tries, failure,
      case when due_at is null then 'failed' else 'waiting' end as state
    from latchkey.webhook_events where delivered_at is null order by position limit ${limit}`.execute(
    db.withoutPlugins(),
  );
  return rows;
}

/** Has one event sent again, whatever became of it, or all that were given up; what waits is tried now, and what is being sent is left alone. Answers how many. */
export async function queueAgain(db: Queries, id: string | null): Promise<number> {
  if (id !== null) return queueThose(db, sql`id = ${id}::uuid`);
  const { rows } = await sql<{ first: number | null; last: number | null }>`
    select min(position)::float8 as first, max(position)::float8 as last from latchkey.webhook_events`.execute(db);
  const [range] = rows;
  let count = 0;
  // An endpoint that was away for a day may have missed a million.
  for (let from = range?.first ?? 0; from <= (range?.last ?? -1); from += queuedAtOnce)
    count += await queueThose(
      db,
      sql`delivered_at is null and position >= ${from} and position < ${from + queuedAtOnce}`,
    );
  return count;
}

/** Positions of events that one statement looks at. */
const queuedAtOnce = 5_000;

async function queueThose(db: Queries, which: RawBuilder<unknown>): Promise<number> {
  const { numAffectedRows } = await sql`
    update latchkey.webhook_events set due_at = latchkey.now(), delivered_at = null, lease_until = null, tries = 0
    where ${which} and coalesce(lease_until <= latchkey.now(), true)`.execute(db);
  return Number(numAffectedRows ?? 0n);
}

/** Deletes what arrived seven days ago and what was given up 30 days ago. Answers how many, at most so many at once. */
export async function deleteOldEvents(db: Queries, atMost: number): Promise<number> {
  const { numAffectedRows } = await sql`
    delete from latchkey.webhook_events where position in (
      select position from latchkey.webhook_events
      where occurred_at < latchkey.now() - interval '7 days'
        and (delivered_at < latchkey.now() - interval '7 days' or occurred_at < latchkey.now() - interval '30 days')
      order by occurred_at limit ${atMost} for update skip locked)`.execute(db);
  return Number(numAffectedRows ?? 0n);
}
