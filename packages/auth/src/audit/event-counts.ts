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

/** How often what happened in each of the last hours, the present one among them; an hour of which there is nothing is not there. */
export async function countEvents(db: Queries, hours: number): Promise<EventCount[]> {
  const { rows } = await sql<EventCount>`
    select date_trunc('hour', occurred_at, 'UTC') as hour, event, count(*)::float8 as count
    from latchkey.audit_events
    where occurred_at >= date_trunc('hour', latchkey.now(), 'UTC') - make_interval(hours => ${hours - 1})
    group by 1, 2 order by 1, 2`.execute(db.withoutPlugins());
  return rows;
}

/** The same of the last hour, in steps of five minutes. */
export async function countRecentEvents(db: Queries): Promise<RecentEventCount[]> {
  const { rows } = await sql<RecentEventCount>`
    select to_timestamp(floor(extract(epoch from occurred_at) / 300) * 300) as "from", event, count(*)::float8 as count
    from latchkey.audit_events
    where occurred_at > latchkey.now() - interval '1 hour'
    group by 1, 2 order by 1, 2`.execute(db.withoutPlugins());
  return rows;
}
