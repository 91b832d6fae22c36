import { type ColumnType, type Generated, sql } from "kysely";
import type { Queries } from "../storage/database.ts";
import { createUuid } from "../uuid.ts";
import type { AuditEvent } from "./audit-event.ts";
import { tellEvent } from "./event-listener.ts";
import { queueWebhooks } from "./webhook-events.ts";

declare module "../storage/database.ts" {
  interface Database {
    auditEvents: AuditEventsTable;
    erasures: ErasuresTable;
  }
}

/** People who were deleted and whose addresses are still in some of the events. */
interface ErasuresTable {
  userId: string;
  /** The position of the last event that was looked at. */
  reached: ColumnType<string, string | number, string>;
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

/** An event of a list, and where in its order it stands. */
export interface ListedEvent {
  readonly event: StoredEvent;
  readonly position: string;
}

export interface EventPage {
  /** Whose account the events concern. */
  readonly subjectId?: string | undefined;
  /** Who did it. */
  readonly actorId?: string | undefined;
  readonly event?: string | undefined;
  /** Where it came from, whole. */
  readonly address?: string | undefined;
  /** Not before. */
  readonly from?: Date | undefined;
  /** Before. */
  readonly until?: Date | undefined;
  /** The position of the last event of the page before. */
  readonly after?: string | undefined;
  readonly limit: number;
}

/** Positions begin at one, and none is as large as this. */
const lastPosition = "9223372036854775807";

/** Whether addresses are still to be taken out of an event: they are not shown any more either. */
const isErased = sql<boolean>`exists (
    select from latchkey.erasures e
    where e.user_id = audit_events.actor_id or (e.user_id = audit_events.subject_id and audit_events.actor_id is null)
  )`;
const shownAddress = sql<string | null>`case when ${isErased} then null else audit_events.address end`;
const shownDetail = sql<
  Record<string, unknown>
>`case when ${isErased} then audit_events.detail - 'previousAddress' - 'device' else audit_events.detail end`;

/** What events are searched by, and the indexes that there are for it: each in this order, and then by position. */
const searchable = ["subject_id", "actor_id", "event", "address"] as const;
const indexed = [
  ...["subject_id event", "subject_id actor_id", "actor_id event"],
  ...["subject_id", "actor_id", "address", "event"],
];

/**
 * Events, the newest first. What is searched for is said as a range in the order of its index, so that no statistics make PostgreSQL
 * read the whole trail in search of the few that fit. What is of a time, and of nobody in particular, comes in the order of the times.
 */
export async function listEvents(db: Queries, page: EventPage): Promise<ListedEvent[]> {
  const { subjectId, actorId, event, address, from, until, limit } = page;
  const wanted = { subject_id: subjectId, actor_id: actorId, event, address };
  const given = searchable.filter((column) => wanted[column] !== undefined);
  const isByTime = (from ?? until) !== undefined && given.every((column) => column === "event");
  const index = isByTime
    ? undefined
    : indexed.find((columns) => columns.split(" ").every((column) => given.some((name) => name === column)));
  const searched = index?.split(" ") ?? [];
  const values = given.filter((column) => searched.includes(column)).map((column) => wanted[column]);
  let query = isByTime
    ? inOrderOfTime(selectEvents(db), page)
    : inOrderOfIndex(selectEvents(db), { searched, values, after: page.after });
  for (const column of given.filter((name) => !searched.includes(name)))
    query = query.where(sql<boolean>`${sql.ref(column)} = ${wanted[column]}`);
  if (from) query = query.where("occurredAt", ">=", from);
  if (until) query = query.where("occurredAt", "<", until);
  // Where somebody called from who was deleted is not to be found out any more either.
  if (address !== undefined) query = query.where(sql<boolean>`not ${isErased}`);
  const rows = await query.orderBy("position", "desc").limit(limit).execute();
  return rows.map(({ position, ...event }) => ({ event, position }));
}

const selectEvents = (db: Queries) =>
  db
    .selectFrom("auditEvents")
    .select(["id", "occurredAt", "event", "actorId", "subjectId", "requestId", "position"])
    .select([shownAddress.as("address"), shownDetail.as("detail")]);

type EventQuery = ReturnType<typeof selectEvents>;

interface IndexRange {
  /** The columns of the index before the position. */
  readonly searched: readonly string[];
  /** What each of them is to be. */
  readonly values: readonly unknown[];
  readonly after: string | undefined;
}

function inOrderOfIndex(all: EventQuery, { searched, values, after }: IndexRange): EventQuery {
  const columns = sql.join([...searched, "position"].map((column) => sql.ref(column)));
  let query = all.where(sql<boolean>`(${columns}) < (${sql.join([...values, after ?? lastPosition])})`);
  if (searched.length > 0) {
    const found = sql.join(searched.map((column) => sql.ref(column)));
    query = query.where(sql<boolean>`(${found}) >= (${sql.join(values)})`);
  }
  // By the table's column: what is shown of an address has the same name.
  for (const column of searched) query = query.orderBy(sql.ref(`audit_events.${column}`), "desc");
  return query;
}

/** Of events of one moment the last one written is the newest. An event that is not there any more was the oldest: nothing is behind it. */
function inOrderOfTime(all: EventQuery, { after }: EventPage): EventQuery {
  const ordered = all.orderBy("occurredAt", "desc");
  if (after === undefined) return ordered;
  const time = sql`(select a.occurred_at from latchkey.audit_events a where a.position = ${after})`;
  return ordered
    .where(sql<boolean>`audit_events.occurred_at <= ${time}`)
    .where(sql<boolean>`(audit_events.occurred_at, audit_events.position) < (${time}, ${after}::bigint)`);
}

/** Events of some positions, the oldest first. */
export async function listEventsBetween(
  db: Queries,
  { after, until, atMost }: { readonly after: string; readonly until: string; readonly atMost: number },
): Promise<(StoredEvent & { readonly position: string })[]> {
  return db
    .selectFrom("auditEvents")
    .select(["id", "occurredAt", "event", "actorId", "subjectId", "requestId", "position"])
    .select([shownAddress.as("address"), shownDetail.as("detail")])
    .where("position", ">", after)
    .where("position", "<=", until)
    .orderBy("position")
    .limit(atMost)
    .execute();
}

/** What is written down where a password of an account was refused: at a sign-in, and in a session. */
const refusals = ["sign_in_refused", "reauthentication_refused", "password_change_refused"] as const;

/** Whether so many passwords of an account were refused within a day. Of each kind no more than so many events are read. */
export async function hasRefusals(
  db: Queries,
  { subjectId, count }: { readonly subjectId: string; readonly count: number },
): Promise<boolean> {
  const { rows } = await sql<{ recent: number }>`
    select count(*) filter (where occurred_at > latchkey.now() - interval '1 day')::int as recent
    from unnest(${[...refusals]}::text[]) refused (event) cross join lateral (
      select a.occurred_at from latchkey.audit_events a
      where (a.subject_id, a.event, a.position) < (${subjectId}::uuid, refused.event, ${lastPosition})
        and (a.subject_id, a.event) >= (${subjectId}::uuid, refused.event)
      order by a.subject_id desc, a.event desc, a.position desc limit ${count}
    ) newest`.execute(db);
  return (rows[0]?.recent ?? 0) >= count;
}

/**
 * Takes from a user's events what could tell who they were: where they called from, or somebody who tried to be them. That
 * something happened, and to which id, stays, and so does where an administrator called from. What is more than one step is left for
 * {@link eraseSome}, and is not shown from now on.
 */
export async function forgetAddresses(transaction: Queries, userId: string): Promise<void> {
  const erasure = { userId, reached: 0 };
  const { isDone, reached } = await eraseStep(transaction, erasure, firstStep);
  if (isDone) return;
  await transaction
    .insertInto("erasures")
    .values({ userId, reached })
    .onConflict((conflict) => conflict.column("userId").doUpdateSet({ reached }))
    .execute();
}

/** Events that are looked at while somebody waits, so that it takes no time that one would notice. */
const firstStep = 500;

/**
 * Goes on with taking addresses out of the events of people who were deleted: `atMost` events of one person, whom no other process
 * is at. Answers how many were looked at; 0 when there is nothing to do.
 */
export async function eraseSome(db: Queries, atMost: number): Promise<number> {
  return db.transaction().execute(async (transaction) => {
    const erasure = await transaction
      .selectFrom("erasures")
      .select(["userId", "reached"])
      .orderBy("userId")
      .limit(1)
      .forUpdate()
      .skipLocked()
      .executeTakeFirst();
    if (!erasure) return 0;
    const { isDone, reached, count } = await eraseStep(transaction, erasure, atMost);
    const { userId } = erasure;
    if (isDone) await transaction.deleteFrom("erasures").where("userId", "=", userId).execute();
    else await transaction.updateTable("erasures").set({ reached }).where("userId", "=", userId).execute();
    // The person is done with, and that is something, however few the events were.
    return Math.max(1, count);
  });
}

interface Step {
  readonly isDone: boolean;
  /** The position of the last event that was looked at. */
  readonly reached: string;
  readonly count: number;
}

/** Looks at the next events by a person who was deleted and about them: by a function, since the running service changes no event. */
async function eraseStep(
  transaction: Queries,
  { userId, reached }: { userId: string; reached: string | number },
  atMost: number,
): Promise<Step> {
  const { rows } = await sql<{ seen: number; last: string | null }>`
    select seen, last from latchkey.erase_audit_addresses(${userId}::uuid, ${reached}::bigint, ${atMost}::integer)`.execute(
    transaction,
  );
  const { seen = 0, last = null } = rows[0] ?? {};
  return { isDone: seen < atMost, reached: last ?? String(reached), count: seen };
}

/** Deletes events of `until` and before, `atMost` at a time, and answers how many. By a function: {@link eraseStep}. */
export async function deleteOldEvents(
  db: Queries,
  { until, atMost }: { readonly until: Date; readonly atMost: number },
): Promise<number> {
  const { rows } = await sql<{ deleted: number }>`
    select latchkey.delete_old_audit_events(${until}::timestamptz, ${atMost}::integer) as deleted`.execute(db);
  return rows[0]?.deleted ?? 0;
}

/** The time until which events are too old to be kept, and whether there are any. */
export async function findOldEvents(
  db: Queries,
  retention: number,
): Promise<{ readonly until: Date; readonly isAny: boolean }> {
  const { rows } = await sql<{ until: Date; isAny: boolean }>`
    select until, exists (select from latchkey.audit_events where occurred_at <= until) as is_any
    from (select date_trunc('milliseconds', latchkey.now() - make_interval(secs => ${retention})) as until) t`.execute(
    db,
  );
  return rows[0] ?? { until: new Date(0), isAny: false };
}

/**
 * Writes one event, and queues what it tells programs of a team's own. Call it inside the transaction of what it tells, so that neither exists without the other.
 * Of somebody who was deleted meanwhile it holds no address.
 */
export async function recordEvent(db: Queries, happened: AuditEvent, facts: AuditFacts): Promise<void> {
  const { event, ...detail } = happened;
  const { actorId, subjectId, requestId } = facts;
  const address = addressUnlessDeleted(facts);
  await db
    .insertInto("auditEvents")
    .values({ id: createUuid(), event, actorId, subjectId, address, requestId, detail: JSON.stringify(detail) })
    .execute();
  await queueWebhooks(db, happened, subjectId);
  tellEvent(db, happened);
}

/**
 * Whose address it is, is held, so that a deletion at the same moment comes before or takes it out afterwards, and never between. One statement
 * for nobody's as well: what is written of a name says nothing of whether somebody has it.
 */
function addressUnlessDeleted({ actorId, subjectId, address }: AuditFacts) {
  const owner = actorId ?? subjectId;
  return sql<string | null>`case when ${owner}::uuid is null then ${address}::text
    else (select ${address}::text from latchkey.users where id = ${owner}::uuid for key share) end`;
}
