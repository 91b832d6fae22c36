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

/** How often what happened in each of the last hours, the present one among them; an hour of which there is nothing is not there. */
export async function countEvents(db: Queries, hours: number): Promise<EventCount[]> {
  const { rows } = await sql<EventCount>`
    select date_trunc('hour', occurred_at, 'UTC') as hour, event, count(*)::float8 as count
    from latchkey.audit_events
    where occurred_at >= date_trunc('hour', latchkey.now(), 'UTC') - make_interval(hours => ${hours - 1})
    group by 1, 2 order by 1, 2`.execute(db.withoutPlugins());
  return rows;
}
