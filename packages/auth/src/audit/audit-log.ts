import { randomUUIDv7 } from "node:crypto";
import { type ColumnType, type Generated, sql } from "kysely";
import type { Queries } from "../storage/database.ts";
import type { AuditEvent } from "./audit-event.ts";

declare module "../storage/database.ts" {
  interface Database {
    auditEvents: AuditEventsTable;
  }
}

interface AuditEventsTable {
  id: string;
  /** Where it stands among all events, in the order in which they were written. */
  position: ColumnType<string, never, never>;
  occurredAt: Generated<Date>;
  event: AuditEvent["event"];
  actorId: string | null;
  subjectId: string | null;
  address: string | null;
  requestId: string | null;
  detail: ColumnType<Record<string, unknown>, string>;
}

/** Whom an event is about and where it came from. */
export interface AuditFacts {
  /** Who did it; null for somebody who is not signed in, and for the command line. */
  readonly actorId: string | null;
  /** Whose account it concerns; null when that is nobody's. */
  readonly subjectId: string | null;
  readonly address: string | null;
  readonly requestId: string | null;
}

/** An event as it is kept. */
export interface StoredEvent extends AuditFacts {
  readonly id: string;
  readonly occurredAt: Date;
  readonly event: AuditEvent["event"];
  readonly detail: Readonly<Record<string, unknown>>;
}

const eventFields = [
  "id",
  "occurredAt",
  "event",
  "actorId",
  "subjectId",
  "address",
  "requestId",
  "detail",
] as const satisfies readonly (keyof StoredEvent)[];

/** An event of a list, and where in its order it stands. */
export interface ListedEvent {
  readonly event: StoredEvent;
  readonly position: string;
}

export interface EventPage {
  /** Whose account the events concern. */
  readonly subjectId?: string | undefined;
  readonly event?: string | undefined;
  /** The position of the last event of the page before. */
  readonly after?: string | undefined;
  readonly limit: number;
}

/** Events, the newest first. */
export async function listEvents(db: Queries, { subjectId, event, after, limit }: EventPage): Promise<ListedEvent[]> {
  let query = db.selectFrom("auditEvents").select([...eventFields, "position"]);
  if (subjectId !== undefined) query = query.where("subjectId", "=", subjectId);
  if (event !== undefined) query = query.where("event", "=", event as AuditEvent["event"]);
  if (after !== undefined) query = query.where("position", "<", after);
  const rows = await query.orderBy("position", "desc").limit(limit).execute();
  return rows.map(({ position, ...event }) => ({ event, position }));
}

/**
 * Takes from a user's events what could tell who they were: where they called from, or somebody who tried to be them. That
 * something happened, and to which id, stays, and so does where an administrator called from.
 */
export async function forgetAddresses(db: Queries, userId: string): Promise<void> {
  await db
    .updateTable("auditEvents")
    .set({ address: null, detail: sql`detail - 'previousAddress'` })
    .where(({ or, and, eb }) =>
      or([eb("actorId", "=", userId), and([eb("subjectId", "=", userId), eb("actorId", "is", null)])]),
    )
    .where(sql<boolean>`(address is not null or jsonb_exists(detail, 'previousAddress'))`)
    .execute();
}

/** Deletes events older than `retention` seconds, `atMost` at a time, and answers how many. */
export async function deleteOldEvents(
  db: Queries,
  { retention, atMost }: { retention: number; atMost: number },
): Promise<number> {
  const old = db
    .selectFrom("auditEvents")
    .select("id")
    .where(sql<boolean>`occurred_at <= latchkey.now() - make_interval(secs => ${retention})`)
    .limit(atMost)
    .forUpdate()
    .skipLocked();
  const result = await db.deleteFrom("auditEvents").where("id", "in", old).executeTakeFirst();
  return Number(result.numDeletedRows);
}

/** Writes one event. Call it inside the transaction of what it tells, so that neither exists without the other. */
export async function recordEvent(db: Queries, { event, ...detail }: AuditEvent, facts: AuditFacts): Promise<void> {
  const { actorId, subjectId, address, requestId } = facts;
  await db
    .insertInto("auditEvents")
    .values({ id: randomUUIDv7(), event, actorId, subjectId, address, requestId, detail: JSON.stringify(detail) })
    .execute();
}
