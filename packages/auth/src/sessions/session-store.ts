import { type ColumnType, type Generated, sql } from "kysely";
import type { Queries } from "../storage/database.ts";
import type { Session, SessionEnd, SessionLifetimes } from "./session.ts";

declare module "../storage/database.ts" {
  interface Database {
    sessions: SessionsTable;
  }
}

interface SessionsTable {
  id: string;
  userId: string;
  refreshHash: Buffer;
  previousRefreshHash: ColumnType<Buffer | null, never, Buffer>;
  rotatedAt: ColumnType<Date | null, never, Date>;
  createdAt: Generated<Date>;
  lastUsedAt: Generated<Date>;
  idleExpiresAt: Date;
  expiresAt: Date;
  endedAt: ColumnType<Date | null, never, Date>;
  endReason: ColumnType<SessionEnd | null, never, SessionEnd>;
  address: string | null;
  userAgent: string | null;
  deviceName: ColumnType<string | null, string | null | undefined, never>;
  adoptedFrom: ColumnType<string | null, string | undefined, never>;
  /** Until when its row is kept whatever became of it, because the token that opened it could open it again. */
  keptUntil: ColumnType<Date | null, Date | undefined, never>;
}

/** The fields of {@link Session}, in the order in which they are read. */
export const sessionFields = [
  "id",
  "userId",
  "createdAt",
  "lastUsedAt",
  "expiresAt",
  "adoptedFrom",
] as const satisfies readonly (keyof Session)[];

/** What makes a session good, in SQL, by the database's clock; `alias` is the table's name in the query. */
export function isLiveSession(alias: string): string {
  return `${alias}.ended_at is null and ${alias}.expires_at > latchkey.now() and ${alias}.idle_expires_at > latchkey.now()`;
}

export interface NewSession {
  readonly id: string;
  readonly userId: string;
  readonly refreshHash: Buffer;
  readonly lifetimes: SessionLifetimes;
  readonly address: string | null;
  readonly userAgent: string | null;
  readonly deviceName: string | null;
}

export interface InsertedSession extends Session {
  /** When its refresh token runs out if it is not used. */
  readonly idleExpiresAt: Date;
  /** How many sessions the user had before. */
  readonly others: number;
}

/** Opens a session. */
export async function insertSession(db: Queries, { lifetimes, ...session }: NewSession): Promise<InsertedSession> {
  const after = (seconds: number) => sql<Date>`latchkey.now() + make_interval(secs => ${seconds})`;
  const others = db
    .selectFrom("sessions as other")
    .select(sql<number>`count(*)::int`.as("count"))
    .where("other.userId", "=", session.userId)
    .where(sql<boolean>`${sql.raw(isLiveSession("other"))}`);
  return db
    .insertInto("sessions")
    .values({
      ...session,
      expiresAt: after(lifetimes.absolute),
      idleExpiresAt: after(Math.min(lifetimes.idle, lifetimes.absolute)),
    })
    .returning([...sessionFields, "idleExpiresAt", others.$asScalar().$notNull().as("others")])
    .executeTakeFirstOrThrow();
}

export interface AdoptedSession {
  readonly id: string;
  readonly userId: string;
  readonly refreshHash: Buffer;
  readonly adoptedFrom: string;
  readonly expiresAt: Date;
  readonly keptUntil: Date;
  readonly address: string | null;
  readonly userAgent: string | null;
}

/**
 * Opens the one session that a token of another system can ever have. False when it was opened before, whatever became of it, or
 * would be over by the database's clock.
 */
export async function insertAdoptedSession(db: Queries, session: AdoptedSession): Promise<boolean> {
  const { id, userId, refreshHash, adoptedFrom, expiresAt, keptUntil, address, userAgent } = session;
  const inserted = await db
    .insertInto("sessions")
    .columns([...adoptedColumns])
    .expression(
      sql`select ${id}::uuid, ${userId}::uuid, ${refreshHash}::bytea, ${adoptedFrom}, ${expiresAt}::timestamptz,
        ${expiresAt}::timestamptz, ${keptUntil}::timestamptz, ${address}, ${userAgent}
        where latchkey.now() < ${expiresAt}::timestamptz`,
    )
    .onConflict((conflict) => conflict.column("id").doNothing())
    .returning("id")
    .executeTakeFirst();
  return inserted !== undefined;
}

const adoptedColumns = [
  "id",
  "userId",
  "refreshHash",
  "adoptedFrom",
  "expiresAt",
  "idleExpiresAt",
  "keptUntil",
  "address",
  "userAgent",
] as const;

export interface AdoptedSessionsToEnd {
  readonly userIds: readonly string[];
  /** Only those that this system's tokens opened. */
  readonly adoptedFrom?: string;
  readonly reason: SessionEnd;
}

/** Ends the live sessions of users that tokens of another system opened, and answers how many. */
export async function endAdoptedSessions(
  db: Queries,
  { userIds, adoptedFrom, reason }: AdoptedSessionsToEnd,
): Promise<number> {
  if (userIds.length === 0) return 0;
  let query = endLive(db, reason)
    .where(sql<boolean>`user_id = any(${userIds}::uuid[])`)
    .where("adoptedFrom", "is not", null);
  if (adoptedFrom !== undefined) query = query.where("adoptedFrom", "=", adoptedFrom);
  return Number((await query.executeTakeFirst()).numUpdatedRows);
}

/** Which sessions of a user to end. */
export interface SessionsToEnd {
  readonly userId: string;
  /** Only this one. */
  readonly id?: string;
  /** All but this one. */
  readonly except?: string;
  readonly reason: SessionEnd;
}

/** Ends the live sessions that fit, and answers their ids. */
export async function endSessions(db: Queries, { userId, id, except, reason }: SessionsToEnd): Promise<string[]> {
  let query = endLive(db, reason).where("userId", "=", userId);
  if (id !== undefined) query = query.where("id", "=", id);
  if (except !== undefined) query = query.where("id", "!=", except);
  return (await query.returning("id").execute()).map((ended) => ended.id);
}

/**
 * Ends the session of a refresh token, whether that is its present one or one of an earlier generation. Says whose it was, or
 * null when it had ended already.
 */
export async function endSession(
  db: Queries,
  { id, reason }: { id: string; reason: SessionEnd },
): Promise<{ userId: string } | null> {
  return (await endLive(db, reason).where("id", "=", id).returning("userId").executeTakeFirst()) ?? null;
}

function endLive(db: Queries, reason: SessionEnd) {
  return db
    .updateTable("sessions")
    .set({ endedAt: sql<Date>`latchkey.now()`, endReason: reason })
    .where(sql<boolean>`${sql.raw(isLiveSession("sessions"))}`);
}

/** Ends the sessions of a user beyond the `most` that were used last, and answers their ids. */
export async function endSurplusSessions(
  db: Queries,
  { userId, most }: { userId: string; most: number },
): Promise<string[]> {
  const surplus = db
    .selectFrom("sessions")
    .select("id")
    .where("userId", "=", userId)
    .where(sql<boolean>`${sql.raw(isLiveSession("sessions"))}`)
    .orderBy("lastUsedAt", "desc")
    .orderBy("id", "desc")
    .offset(most);
  const ended = await endLive(db, "too_many_sessions").where("id", "in", surplus).returning("id").execute();
  return ended.map(({ id }) => id);
}

/**
 * The hash of the refresh token whose successor is a session's next: the present one, or the one before while its grace time
 * lasts, because whoever still holds that one could not follow two steps. Nobody else moves the session on until the
 * transaction ends.
 */
export async function lockRefreshHash(
  transaction: Queries,
  { id, refreshGrace }: { id: string; refreshGrace: number },
): Promise<Buffer | null> {
  const hasJustMoved = sql`rotated_at > latchkey.now() - make_interval(secs => ${refreshGrace})`;
  const query = transaction
    .selectFrom("sessions")
    .select(sql<Buffer>`case when ${hasJustMoved} then previous_refresh_hash else refresh_hash end`.as("hash"))
    .where("id", "=", id)
    .forUpdate();
  return (await query.executeTakeFirst())?.hash ?? null;
}

/** A session as its owner sees it in a list of devices. */
export interface StoredDevice {
  readonly id: string;
  readonly createdAt: Date;
  readonly lastUsedAt: Date;
  readonly expiresAt: Date;
  readonly address: string | null;
  readonly userAgent: string | null;
  readonly deviceName: string | null;
}

/** The live sessions of a user, the last used first. */
export async function listDevices(db: Queries, userId: string): Promise<StoredDevice[]> {
  return db
    .selectFrom("sessions")
    .select(["id", "createdAt", "lastUsedAt", "expiresAt", "address", "userAgent", "deviceName"])
    .where("userId", "=", userId)
    .where(sql<boolean>`${sql.raw(isLiveSession("sessions"))}`)
    .orderBy("lastUsedAt", "desc")
    .orderBy("id", "desc")
    .execute();
}

/** Seconds between two notes of a session's last use. */
export const touchInterval = 60;

/** Notes that sessions are in use, at most once a minute each however many processes are told. */
export async function touchSessions(db: Queries, ids: readonly string[]): Promise<void> {
  await db
    .updateTable("sessions")
    .set({ lastUsedAt: sql<Date>`latchkey.now()` })
    .where("id", "in", ids)
    .where(sql<boolean>`last_used_at <= latchkey.now() - make_interval(secs => ${touchInterval})`)
    .execute();
}

/**
 * Deletes sessions that could not live any more even if nothing had ended them, `atMost` at a time, and answers how many. One
 * that another system's token opened is kept until that token has run out, because the token would open it anew.
 */
export async function deleteDeadSessions(db: Queries, atMost: number): Promise<number> {
  const dead = db
    .selectFrom("sessions")
    .select("id")
    .where(sql<boolean>`expires_at <= latchkey.now() and coalesce(kept_until <= latchkey.now(), true)`)
    .orderBy("expiresAt")
    .limit(atMost)
    .forUpdate()
    .skipLocked();
  const result = await db.deleteFrom("sessions").where("id", "in", dead).executeTakeFirst();
  return Number(result.numDeletedRows);
}
