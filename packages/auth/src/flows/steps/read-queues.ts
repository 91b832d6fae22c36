import { sql } from "kysely";
import type { Queries } from "../../storage/database.ts";
import { seenEndpoints } from "../../webhooks/webhook-store.ts";

/** What waits to be sent: tables that all processes work off together. */
export interface QueueState {
  readonly queue: "codes" | "notices" | "webhooks";
  readonly waiting: number;
  /** Seconds for which the one has waited that waits longest; 0 where none does. */
  readonly age: number;
}

export async function readQueues(db: Queries): Promise<QueueState[]> {
  const { rows } = await sql<QueueState>`
    select queue, waiting, greatest(0, coalesce(extract(epoch from latchkey.now() - oldest), 0))::float8 as age
    from (
      select 'codes' as queue, count(*)::int as waiting, min(created_at) as oldest
        from latchkey.challenges where due_at is not null
      union all select 'notices', count(*)::int, min(created_at) from latchkey.notice_messages where due_at is not null
      union all select 'webhooks', count(*)::int, min(occurred_at) from latchkey.webhook_events
        where due_at is not null and endpoint in (${seenEndpoints})
    ) queues`.execute(db.withoutPlugins());
  return rows;
}
