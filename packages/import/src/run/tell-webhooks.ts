import type { Run } from "./staging.ts";

/** What is told of a person. */
export interface Told {
  readonly userId: string;
  readonly type: "user.created" | "user.updated" | "session.ended" | "password.changed" | "phone.changed";
  readonly data?: Readonly<Record<string, unknown>>;
}

/**
 * Queues what came of people for every endpoint that a process of the service has in its configuration, in the transaction of what came.
 * Without the option `webhooks` of the command nothing is told: whoever brings a million people over would tell a million events.
 */
export async function tellWebhooks({ client, tellsWebhooks }: Run, told: readonly Told[]): Promise<void> {
  if (!tellsWebhooks || told.length === 0) return;
  await client.query(
    `insert into latchkey.webhook_events (endpoint, user_id, type, data)
    select endpoint.name, told."userId", told.type, jsonb_build_object('userId', told."userId") || coalesce(told.data, '{}')
    from latchkey.webhook_endpoints endpoint
    cross join rows from (jsonb_to_recordset($1::jsonb) as ("userId" uuid, type text, data jsonb)) with ordinality
      as told ("userId", type, data, place)
    where endpoint.seen_at > latchkey.now() - interval '1 day' order by told.place`,
    [JSON.stringify(told)],
  );
}
