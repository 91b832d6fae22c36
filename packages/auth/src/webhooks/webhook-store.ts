import { sql } from "kysely";
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

/**
 * Takes what is due for an endpoint, for so many seconds. Of one person it takes only the oldest: the next is due when that one has arrived
 * or was given up.
 */
export async function leaseEvents(
  db: Queries,
  endpoint: string,
  { atMost, seconds }: { readonly atMost: number; readonly seconds: number },
): Promise<readonly LeasedEvent[]> {
  const { rows } = await sql<LeasedEvent>`
    with due as (
      select position from latchkey.webhook_events event
      where endpoint = ${endpoint} and due_at <= latchkey.now() and coalesce(lease_until <= latchkey.now(), true)
        and not exists (
          select from latchkey.webhook_events earlier
          where earlier.endpoint = event.endpoint and earlier.user_id = event.user_id and earlier.due_at is not null
            and earlier.position < event.position
        )
      order by due_at, position limit ${atMost} for update skip locked
    )
    update latchkey.webhook_events event
    set lease_until = latchkey.now() + make_interval(secs => ${seconds}), tries = tries + 1
    from due where event.position = due.position
    returning id, type, user_id as "userId", data, occurred_at as "occurredAt", tries`.execute(db.withoutPlugins());
  return rows;
}

export async function markDelivered(db: Queries, id: string): Promise<void> {
  await sql`
    update latchkey.webhook_events
    set due_at = null, lease_until = null, delivered_at = latchkey.now(), failure = null where id = ${id}::uuid`.execute(
    db,
  );
}

/** Has an event tried again after so many seconds, or gives it up a day after it happened. True where it is tried again. */
export async function markUndelivered(
  db: Queries,
  id: string,
  { failure, seconds }: { readonly failure: string; readonly seconds: number },
): Promise<boolean> {
  const { rows } = await sql<{ isDue: boolean }>`
    update latchkey.webhook_events set lease_until = null, failure = ${failure.slice(0, 200)},
      due_at = case when occurred_at > latchkey.now() - interval '1 day' or tries = 1
        then latchkey.now() + make_interval(secs => ${seconds}) end
    where id = ${id}::uuid and due_at is not null
    returning due_at is not null as "isDue"`.execute(db.withoutPlugins());
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
  const which = id === null ? sql`delivered_at is null` : sql`id = ${id}::uuid`;
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
