import { sql } from "kysely";
import type { Queries } from "../storage/database.ts";
import type { AuditEvent } from "./audit-event.ts";
import { tellWebhooks } from "./event-listener.ts";

/** What programs of a team's own are told of people. */
export const webhookTypes = [
  "user.created",
  "user.updated",
  "user.deleted",
  "session.ended",
  "password.changed",
  "phone.changed",
] as const;

export type WebhookType = (typeof webhookTypes)[number];

interface Told {
  readonly type: Exclude<WebhookType, "session.ended">;
  readonly data?: Readonly<Record<string, unknown>>;
}

/** What of an event is told. An import tells nothing: whoever runs one knows of it. */
function listTold(event: AuditEvent): readonly Told[] {
  switch (event.event) {
    case "user_created":
      return event.by === "import" ? [] : [{ type: "user.created", data: { by: event.by } }];
    case "user_updated":
    case "profile_updated":
      return toUpdates(event.fields);
    case "groups_set":
      return toUpdates(["groups"]);
    case "permissions_set":
      return toUpdates(["permissions"]);
    case "name_changed":
    case "name_lost":
      return toUpdates([event.kind === "phone" ? "phoneNumber" : "email"]);
    case "user_deleted":
      return [{ type: "user.deleted", data: { by: event.by ?? "administrator" } }];
    case "password_changed":
    case "password_reset":
      return [{ type: "password.changed" }];
    default:
      return [];
  }
}

function toUpdates(fields: readonly string[]): readonly Told[] {
  const updated: Told = { type: "user.updated", data: { fields } };
  return fields.includes("phoneNumber") ? [updated, { type: "phone.changed" }] : [updated];
}

/** Events in whose transaction sessions may have ended. */
const endings: ReadonlySet<AuditEvent["event"]> = new Set<AuditEvent["event"]>([
  "signed_out",
  "sessions_ended",
  "refresh_token_reused",
  "authorization_code_refused",
  "password_changed",
  "password_reset",
  "password_change_required",
  "user_updated",
  "name_changed",
  "name_lost",
  "deletion_requested",
  "second_factor_enrolled",
  "second_factor_removed",
  "second_factor_reset",
  "passkey_added",
  "passkey_removed",
  "devices_forgotten",
  "device_remembered",
  "remembered_device_ended",
]);

/**
 * Queues what an event tells for every endpoint that a process has in its configuration, in the transaction of what happened. Which sessions
 * have ended in it is what their rows say.
 */
export async function queueWebhooks(db: Queries, event: AuditEvent, userId: string | null): Promise<void> {
  const told = listTold(event);
  const isEnding = endings.has(event.event);
  if (userId === null || (told.length === 0 && !isEnding)) return;
  const { numAffectedRows } = await sql`
    insert into latchkey.webhook_events (endpoint, user_id, type, data)
    select endpoint.name, ${userId}::uuid, told.type, jsonb_build_object('userId', ${userId}::text) || told.data
    from latchkey.webhook_endpoints endpoint cross join lateral (
      select type, data::jsonb, place
      from unnest(${told.map(({ type }) => type)}::text[], ${told.map(({ data = {} }) => JSON.stringify(data))}::text[])
        with ordinality told (type, data, place)
      union all
      select 'session.ended', jsonb_build_object('sessionIds', jsonb_agg(session.id order by session.id), 'reason', min(session.end_reason)), 0
      from latchkey.sessions session
      where ${isEnding} and session.user_id = ${userId}::uuid and session.ended_at = latchkey.now()
        and not exists (
          select from latchkey.webhook_events earlier
          where earlier.endpoint = endpoint.name and earlier.user_id = session.user_id and earlier.due_at is not null
            and earlier.occurred_at = latchkey.now() and jsonb_exists(earlier.data -> 'sessionIds', session.id::text)
        )
      having count(*) > 0
    ) told
    where endpoint.seen_at > latchkey.now() - interval '1 day'
    order by told.place`.execute(db.withoutPlugins());
  tellQueued(db, numAffectedRows);
}

/** Queues the same of sessions of many people that ended in this transaction, by an event that is of nobody: one for each person. */
export async function queueEndedSessions(db: Queries, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  const { numAffectedRows } = await sql`
    insert into latchkey.webhook_events (endpoint, user_id, type, data)
    select endpoint.name, ended.user_id, 'session.ended', jsonb_build_object(
      'userId', ended.user_id::text, 'sessionIds', ended.ids, 'reason', ended.reason)
    from latchkey.webhook_endpoints endpoint cross join (
      select user_id, jsonb_agg(id order by id) as ids, min(end_reason) as reason
      from latchkey.sessions where id = any(${ids}::uuid[]) and ended_at = latchkey.now() group by user_id
    ) ended
    where endpoint.seen_at > latchkey.now() - interval '1 day'
    order by ended.user_id`.execute(db.withoutPlugins());
  tellQueued(db, numAffectedRows);
}

function tellQueued(db: Queries, rows: bigint | undefined): void {
  if (rows) tellWebhooks(db);
}
