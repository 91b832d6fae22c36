import { type ColumnType, type Generated, type RawBuilder, sql } from "kysely";
import type { Queries } from "../storage/database.ts";
import {
  type Authentication,
  readAuthentication,
  type StoredAuthentication,
  toStoredAuthentication,
} from "./authentication.ts";
import type { RefreshChain } from "./refresh-chain.ts";
import type { Session, SessionEnd, SessionLifetimes, SessionOpening } from "./session.ts";
import { tellSessions } from "./session-listener.ts";

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
  /** How often another refresh token has become the present one; its access tokens carry it in their `jti`. */
  rotation: Generated<number>;
  /** Since when the previous token has been answered and nobody has used an answer; null once somebody has. */
  unusedSince: ColumnType<Date | null, never, Date | null>;
  reissues: Generated<number>;
  createdAt: Generated<Date>;
  lastUsedAt: Generated<Date>;
  idleExpiresAt: Date;
  expiresAt: Date;
  endedAt: ColumnType<Date | null, never, Date>;
  endReason: ColumnType<SessionEnd | null, never, SessionEnd>;
  address: string | null;
  userAgent: string | null;
  deviceName: ColumnType<string | null, string | null | undefined, never>;
  /** BCP 47: the language of whoever opened it, as their program asked for it. */
  locale: ColumnType<string | null, string | null | undefined, never>;
  adoptedFrom: ColumnType<string | null, string | undefined, never>;
  /** When its owner last showed in it, or in the session that it was opened from, that it is them; null for whoever has not since it was opened. */
  reauthenticatedAt: ColumnType<Date | null, Date | undefined, Date>;
  openedBy: ColumnType<SessionOpening | null, SessionOpening | undefined, never>;
  /** What was shown then. */
  reauthenticatedBy: ColumnType<SessionOpening | null, SessionOpening | undefined, SessionOpening>;
  /** How many factors were shown in it; null for one. */
  acr: ColumnType<number | null, number | undefined, number>;
  /** How, as words with spaces between. */
  amr: ColumnType<string | null, string | undefined, string>;
  authTime: ColumnType<Date | null, Date | undefined, Date>;
  /** The remembered device that took the place of the second factor, or that was remembered in it. */
  rememberedDevice: ColumnType<string | null, string | undefined, string>;
  /** Until when its row is kept whatever became of it, because the token that opened it could open it again. */
  keptUntil: ColumnType<Date | null, Date | undefined, never>;
  /** The app that opened it by a redirect. */
  clientId: ColumnType<string | null, string | undefined, never>;
  /** What all its access tokens are for, where that is not the service itself. */
  audience: ColumnType<string | null, string | undefined, never>;
}

/** The columns of {@link Session}, in the order in which they are read. */
export const sessionFields = [
  "id",
  "userId",
  "createdAt",
  "lastUsedAt",
  "expiresAt",
  "adoptedFrom",
  "acr",
  "amr",
  "authTime",
] as const satisfies readonly (keyof Session)[];

/** A session as its row has it. */
export type SessionRow = Omit<Session, "acr" | "amr"> & StoredAuthentication;

/** The release before notes no time; what it opened was opened by its owner, but for tokens of another system. */
export function toSession({ acr, amr, authTime, ...row }: SessionRow): Session {
  const shownAt = authTime ?? (row.adoptedFrom === null ? row.createdAt : null);
  return { ...row, ...readAuthentication({ acr, amr }), authTime: shownAt };
}

/** What makes a session good, in SQL, by the database's clock; `alias` is the table's name in the query. */
export function isLiveSession(alias: string): string {
  return `${alias}.ended_at is null and ${alias}.expires_at > latchkey.now() and ${alias}.idle_expires_at > latchkey.now()`;
}

/**
 * The language of a user, by an SQL expression for their id: that of the first of their sessions which is kept. So it is the owner's, whoever has
 * come in since.
 */
export function localeOf(userId: RawBuilder<string | null>): RawBuilder<string | null> {
  return sql<
    string | null
  >`(select s.locale from latchkey.sessions s where s.user_id = ${userId} and s.locale is not null
    order by s.created_at limit 1)`;
}

export interface NewSession {
  readonly id: string;
  readonly userId: string;
  readonly refreshHash: Buffer;
  readonly lifetimes: SessionLifetimes;
  readonly address: string | null;
  readonly userAgent: string | null;
  readonly deviceName: string | null;
  readonly locale: string | null;
  readonly openedBy: SessionOpening;
  readonly authentication: Authentication;
  /** The remembered device that took the place of the second factor. */
  readonly rememberedDevice?: string;
  /** For one that an app opens from a session of the pages. */
  readonly redirect?: RedirectedSession | undefined;
}

/** What a session has of the one of the pages that it is opened from, and of the app that opens it. */
export interface RedirectedSession {
  readonly clientId: string;
  readonly audience: string | null;
  /** When the owner last showed who they are, as its tokens say it. */
  readonly authTime: Date;
  /** What they showed last, and when. */
  readonly shownBy: SessionOpening;
  readonly shownAt: Date;
}

export interface InsertedSession extends Session {
  /** When its refresh token runs out if it is not used. */
  readonly idleExpiresAt: Date;
  /** How many sessions the user had before. */
  readonly others: number;
  /** Whether the account waits to be deleted. */
  readonly isToBeDeleted: boolean;
}

/** Opens a session. */
export async function insertSession(
  db: Queries,
  { lifetimes, authentication, redirect, ...session }: NewSession,
): Promise<InsertedSession> {
  const after = (seconds: number) => sql<Date>`latchkey.now() + make_interval(secs => ${seconds})`;
  const others = db
    .selectFrom("sessions as other")
    .select(sql<number>`count(*)::int`.as("count"))
    .where("other.userId", "=", session.userId)
    .where(sql<boolean>`${sql.raw(isLiveSession("other"))}`);
  const toBeDeleted = db
    .selectFrom("accountDeletions as deletion")
    .select(sql<number>`count(*)::int`.as("count"))
    .where("deletion.userId", "=", session.userId);
  const {
    idleExpiresAt,
    others: count,
    deletions,
    ...row
  } = await db
    .insertInto("sessions")
    .values({
      ...session,
      ...toStoredAuthentication(authentication),
      ...(redirect ? toRedirectedRow(redirect) : { authTime: sql<Date>`latchkey.now()` }),
      expiresAt: after(lifetimes.absolute),
      idleExpiresAt: after(Math.min(lifetimes.idle, lifetimes.absolute)),
    })
    .returning([...sessionFields, "idleExpiresAt", others.$asScalar().$notNull().as("others")])
    .returning(toBeDeleted.$asScalar().$notNull().as("deletions"))
    .executeTakeFirstOrThrow();
  tellSessions(db, { change: "opened", by: session.openedBy });
  return { ...toSession(row), idleExpiresAt, others: count, isToBeDeleted: deletions > 0 };
}

const toRedirectedRow = ({ clientId, audience, authTime, shownAt, shownBy }: RedirectedSession) => ({
  ...{ clientId, authTime, reauthenticatedAt: shownAt, reauthenticatedBy: shownBy },
  ...(audience !== null && { audience }),
});

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
  if (inserted) tellSessions(db, { change: "opened", by: "old_token" });
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
  /** All but this one. */
  readonly except?: string | undefined;
  readonly reason: SessionEnd;
}

/** Ends the live sessions of users that tokens of another system opened, and answers how many. */
export async function endAdoptedSessions(
  db: Queries,
  { userIds, adoptedFrom, except, reason }: AdoptedSessionsToEnd,
): Promise<number> {
  if (userIds.length === 0) return 0;
  const ended = await endLive(db, reason, (live) => {
    let adopted = live.where(sql<boolean>`user_id = any(${userIds}::uuid[])`).where("adoptedFrom", "is not", null);
    if (except !== undefined) adopted = adopted.where("id", "!=", except);
    return adoptedFrom === undefined ? adopted : adopted.where("adoptedFrom", "=", adoptedFrom);
  });
  return ended.length;
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
  let which = db.selectFrom("sessions").select("id").where("userId", "=", userId);
  if (id !== undefined) which = which.where("id", "=", id);
  if (except !== undefined) which = which.where("id", "!=", except);
  const inOrder = which
    .where(sql<boolean>`${sql.raw(isLiveSession("sessions"))}`)
    .orderBy("id")
    .forUpdate();
  const ended = await endLive(db, reason, (live) => live.where("id", "in", inOrder));
  return ended.map((session) => session.id);
}

/** That the owner of a session has shown that it is them. */
export interface Reauthentication {
  readonly by: Exclude<SessionOpening, "registration">;
  /** What its tokens say from then on, where a second factor was shown; as before otherwise. */
  readonly raised?: Authentication | undefined;
}

/** Notes that the owner of a live session has shown that it is them, and by what; false when it has ended. */
export async function noteReauthentication(
  db: Queries,
  id: string,
  { by, raised }: Reauthentication,
): Promise<boolean> {
  const now = sql<Date>`latchkey.now()`;
  const result = await db
    .updateTable("sessions")
    .set({
      reauthenticatedAt: now,
      reauthenticatedBy: by,
      authTime: now,
      ...(raised && toStoredAuthentication(raised)),
    })
    .where("id", "=", id)
    .where(sql<boolean>`${sql.raw(isLiveSession("sessions"))}`)
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

/** Notes what the owner of a live session has shown in it besides; false when it has ended. */
export async function raiseAuthentication(db: Queries, id: string, authentication: Authentication): Promise<boolean> {
  const result = await db
    .updateTable("sessions")
    .set({ ...toStoredAuthentication(authentication), authTime: sql<Date>`latchkey.now()` })
    .where("id", "=", id)
    .where(sql<boolean>`${sql.raw(isLiveSession("sessions"))}`)
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

/** Notes which remembered device a session is on. */
export async function linkRememberedDevice(transaction: Queries, id: string, rememberedDevice: string): Promise<void> {
  await transaction.updateTable("sessions").set({ rememberedDevice }).where("id", "=", id).execute();
}

/** The remembered device that a session is on; null where it is on none. */
export async function findRememberedOf(db: Queries, id: string): Promise<string | null> {
  const query = db.selectFrom("sessions").select("rememberedDevice").where("id", "=", id);
  return (await query.executeTakeFirst())?.rememberedDevice ?? null;
}

/** Ends the live sessions of a user that have shown one factor, and rest on one of these remembered devices. */
export async function endSessionsOfDevices(db: Queries, userId: string, devices: readonly string[]): Promise<void> {
  await endLive(db, "second_factor_changed", (live) =>
    live
      .where("userId", "=", userId)
      .where("rememberedDevice", "=", sql<string>`any(${devices}::uuid[])`)
      .where(sql<boolean>`coalesce(acr, 1) < 2`),
  );
}

/** What a session's owner has shown in it, and how many seconds ago. */
export interface Shown {
  readonly by: SessionOpening;
  readonly secondsAgo: number;
}

/**
 * What the owner of a session has shown in it, when they opened it and since. Whoever has a token of another system need not have typed a
 * password for years: such a session was opened by nothing that counts.
 */
export async function listShown(db: Queries, id: string): Promise<readonly Shown[]> {
  const ago = (column: string) => sql<number>`extract(epoch from latchkey.now() - ${sql.ref(column)})::float8`;
  const row = await db
    .selectFrom("sessions")
    .select(["adoptedFrom", "openedBy", "reauthenticatedAt", "reauthenticatedBy"])
    .select([ago("created_at").as("openedAgo"), ago("reauthenticated_at").as("reauthenticatedAgo")])
    .where("id", "=", id)
    .executeTakeFirst();
  if (!row) return [];
  const shown: Shown[] = [];
  if (row.adoptedFrom === null && row.openedBy !== "redirect")
    shown.push({ by: row.openedBy ?? "password", secondsAgo: row.openedAgo });
  if (row.reauthenticatedAt !== null)
    shown.push({ by: row.reauthenticatedBy ?? "password", secondsAgo: row.reauthenticatedAgo });
  return shown;
}

/** Seconds since the owner of a session has shown who they are, as its tokens say it; null for one whose owner has shown nothing here. */
export async function readAuthenticationAge(db: Queries, id: string): Promise<number | null> {
  const shownAt = sql`coalesce(auth_time, case when adopted_from is null then created_at end)`;
  const age = sql<number | null>`extract(epoch from latchkey.now() - ${shownAt})::float8`.as("age");
  return (await db.selectFrom("sessions").select(age).where("id", "=", id).executeTakeFirst())?.age ?? null;
}

/** Seconds since a session was opened; 0 for one that there is not. */
export async function readSessionAge(db: Queries, id: string): Promise<number> {
  const age = sql<number>`extract(epoch from latchkey.now() - created_at)::float8`.as("age");
  return (await db.selectFrom("sessions").select(age).where("id", "=", id).executeTakeFirst())?.age ?? 0;
}

/** Keeps a session from being ended until the transaction is over; false when it has ended. */
export async function holdSession(transaction: Queries, id: string): Promise<boolean> {
  const query = transaction
    .selectFrom("sessions")
    .select("id")
    .where("id", "=", id)
    .where(sql<boolean>`${sql.raw(isLiveSession("sessions"))}`)
    .forShare();
  return (await query.executeTakeFirst()) !== undefined;
}

/**
 * Ends the session of a refresh token, whether that is its present one or one of an earlier generation. Says whose it was, or
 * null when it had ended already.
 */
export async function endSession(
  db: Queries,
  { id, reason }: { id: string; reason: SessionEnd },
): Promise<{ userId: string } | null> {
  const [ended = null] = await endLive(db, reason, (live) => live.where("id", "=", id));
  return ended;
}

/** How many sessions go on, of everybody, of one app or of one user. */
export async function countLiveSessions(
  db: Queries,
  of: { readonly clientId?: string | undefined; readonly userId?: string } = {},
): Promise<number> {
  const live = sql<boolean>`${sql.raw(isLiveSession("sessions"))}`;
  let query = db
    .selectFrom("sessions")
    .select(({ fn }) => fn.countAll<string>().as("count"))
    .where(live);
  if (of.clientId !== undefined) query = query.where("clientId", "=", of.clientId);
  if (of.userId !== undefined) query = query.where("userId", "=", of.userId);
  return Number((await query.executeTakeFirst())?.count ?? 0);
}

/** Which sessions of everybody to end. */
export interface BatchToEnd {
  readonly before: Date;
  /** The last id of the batch before. */
  readonly after: string | null;
  readonly atMost: number;
  readonly reason: SessionEnd;
  /** Whether those too in which there is nothing but another system's token. */
  readonly isAdoptedToo: boolean;
  /** The app whose sessions alone they are. */
  readonly clientId?: string | undefined;
}

/**
 * Ends live sessions that were opened before a time, in the order of their ids, and those that apps were given since then for what was shown
 * before. Answers which of a batch there were, and the last of them; null when no more are behind it. An app may be given one from a session
 * that is just being ended: call it until there are none.
 */
export async function endSessionsOpenedBefore(
  db: Queries,
  { before, after, atMost, reason, isAdoptedToo, clientId }: BatchToEnd,
): Promise<{ readonly count: number; readonly ids: readonly string[]; readonly last: string | null }> {
  let batch = db
    .selectFrom("sessions")
    .select("id")
    .where(sql<boolean>`(created_at <= ${before} or (opened_by = 'redirect' and auth_time <= ${before}))`)
    .where(sql<boolean>`(adopted_from is null or rotation > 0 or ${isAdoptedToo})`)
    .where(sql<boolean>`${sql.raw(isLiveSession("sessions"))}`)
    .orderBy("id")
    .limit(atMost)
    .forUpdate();
  if (after !== null) batch = batch.where("id", ">", after);
  if (clientId !== undefined) batch = batch.where("clientId", "=", clientId);
  // Read first: a limit within an update may be applied anew for each row.
  const ids = (await batch.execute()).map(({ id }) => id);
  const ended = await endLive(db, reason, (live) => live.where("id", "=", sql<string>`any(${ids}::uuid[])`));
  return { count: ended.length, ids, last: ids[atMost - 1] ?? null };
}

const updateLive = (db: Queries, reason: SessionEnd) =>
  db
    .updateTable("sessions")
    .set({ endedAt: sql<Date>`latchkey.now()`, endReason: reason })
    .where(sql<boolean>`${sql.raw(isLiveSession("sessions"))}`);

type Ending = ReturnType<typeof updateLive>;

/** Ends the live sessions that are picked. Whatever ends a session before its time comes by here, and is told. */
async function endLive(
  db: Queries,
  reason: SessionEnd,
  pick: (live: Ending) => Ending,
): Promise<{ readonly id: string; readonly userId: string }[]> {
  const ended = await pick(updateLive(db, reason)).returning(["id", "userId"]).execute();
  tellSessions(db, { change: "ended", because: reason, count: ended.length });
  return ended;
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
  const ended = await endLive(db, "too_many_sessions", (live) => live.where("id", "in", surplus));
  return ended.map(({ id }) => id);
}

/** A session's refresh tokens, with how things stand between it and the one who asks. */
export interface LockedChain extends RefreshChain {
  readonly userId: string;
  /** Where the last answer went. */
  readonly address: string | null;
}

export interface ChainToLock {
  readonly id: string;
  readonly userAgent: string | null;
  /** Seconds after an answer in which it is given again to anybody. */
  readonly refreshGrace: number;
  /** Seconds from the first answer on in which one that nobody used may have been lost. */
  readonly refreshRetry: number;
}

/** Whether a time is not further from the present one than so many seconds: after a clock was set back, what has just happened is in the future. */
export const isWithin = (column: string, seconds: number) =>
  sql`(${sql.raw(column)} > latchkey.now() - make_interval(secs => ${seconds})
    and ${sql.raw(column)} <= latchkey.now() + make_interval(secs => ${seconds}))`;

/** Reads a live session's refresh tokens, which stay as they are until the transaction ends. */
export async function lockChain(
  transaction: Queries,
  { id, userAgent, refreshGrace, refreshRetry }: ChainToLock,
): Promise<LockedChain | null> {
  const ago = (seconds: number) => sql`latchkey.now() - make_interval(secs => ${seconds})`;
  // A process of the version before moves a session on without a word in these columns: the times part then.
  const isUnused = sql`unused_since is not null and (reissues > 0 or unused_since = rotated_at)`;
  const isSameDevice = sql`user_agent is not distinct from ${userAgent}::text`;
  const query = transaction
    .selectFrom("sessions")
    .select(["id as sessionId", "userId", "refreshHash", "previousRefreshHash", "reissues", "address"])
    .select([
      sql<boolean>`coalesce(${isWithin("rotated_at", refreshGrace)}, false)`.as("isJustAnswered"),
      sql<boolean>`${isUnused} and unused_since > ${ago(refreshRetry)} and ${isSameDevice}`.as("isAnswerLost"),
    ])
    .where("id", "=", id)
    .where(sql<boolean>`${sql.raw(isLiveSession("sessions"))}`)
    .forUpdate();
  return (await query.executeTakeFirst()) ?? null;
}

/** An access token's session, and the rotation that it was issued with. */
export interface Use {
  readonly sessionId: string;
  readonly rotation: number;
}

/**
 * Notes that the answers of these rotations have arrived. Locks rows in the order of their ids, as everybody does who locks
 * several: two processes never wait for each other.
 */
export async function noteUses(db: Queries, uses: readonly Use[]): Promise<void> {
  const [ids, rotations] = [uses.map((use) => use.sessionId), uses.map((use) => use.rotation)];
  await sql`
    with used as (
      select session.id from latchkey.sessions session
      join (select distinct * from unnest(${ids}::uuid[], ${rotations}::int[]) as use (id, rotation)) use
        on use.id = session.id and use.rotation = session.rotation
      where session.unused_since is not null
      order by session.id for no key update of session
    )
    update latchkey.sessions session set unused_since = null from used where session.id = used.id`.execute(
    db.withoutPlugins(),
  );
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
  readonly clientId: string | null;
}

/** The live sessions of a user, the last used first. */
export async function listDevices(db: Queries, userId: string): Promise<StoredDevice[]> {
  return db
    .selectFrom("sessions")
    .select(["id", "createdAt", "lastUsedAt", "expiresAt", "address", "userAgent", "deviceName", "clientId"])
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
  // A row that somebody else holds is left for the next minute: nobody is to wait for a note.
  const due = db
    .selectFrom("sessions")
    .select("id")
    .where("id", "in", ids)
    .where(sql<boolean>`last_used_at <= latchkey.now() - make_interval(secs => ${touchInterval})`)
    .forNoKeyUpdate()
    .skipLocked();
  await db.updateTable("sessions").set({ lastUsedAt: sql<Date>`latchkey.now()` }).where("id", "in", due).execute();
}

/** Sessions that one statement deletes. */
const mostDeleted = 1_000;

/**
 * Deletes the sessions of a user who is deleted with them, so many at a time that no statement takes long. The caller's transaction has locked the
 * user's row.
 */
export async function deleteSessionsOf(transaction: Queries, userId: string): Promise<void> {
  const count = await countLiveSessions(transaction, { userId });
  // By their places: without statistics no better plan is sure.
  const deleteSome = () =>
    sql`delete from latchkey.sessions where ctid = any (array(
      select ctid from latchkey.sessions where user_id = ${userId} limit ${mostDeleted}))`.execute(transaction);
  while (((await deleteSome()).numAffectedRows ?? 0n) > 0n);
  tellSessions(transaction, { change: "ended", because: "user_deleted", count });
}

export interface DeadSessions {
  /** Seconds for which one that was ended is kept. */
  readonly endedRetention: number;
  /** Whether something still asks for a row of `sessions`, which stays then. */
  readonly isNeeded: RawBuilder<boolean>;
  readonly atMost: number;
}

/**
 * Deletes sessions that were ended long enough ago, and those that could not live any more even if nothing had ended them, `atMost` at a
 * time, and answers how many. One that another system's token opened is kept until that token has run out, because the token would open
 * it anew.
 */
export async function deleteDeadSessions(
  db: Queries,
  { endedRetention, isNeeded, atMost }: DeadSessions,
): Promise<number> {
  const ended = sql<boolean>`ended_at <= latchkey.now() - make_interval(secs => ${endedRetention})`;
  const deleted = await deleteSome(db, { isDead: ended, isNeeded, oldestFirst: "endedAt", atMost });
  if (deleted === atMost) return deleted;
  const expired = sql<boolean>`expires_at <= latchkey.now()`;
  const rest = { isDead: expired, isNeeded, oldestFirst: "expiresAt", atMost: atMost - deleted } as const;
  return deleted + (await deleteSome(db, rest));
}

interface Some extends Pick<DeadSessions, "isNeeded"> {
  readonly isDead: RawBuilder<boolean>;
  readonly oldestFirst: "endedAt" | "expiresAt";
  readonly atMost: number;
}

async function deleteSome(db: Queries, { isDead, isNeeded, oldestFirst, atMost }: Some): Promise<number> {
  const dead = db
    .selectFrom("sessions")
    .select("id")
    .where(isDead)
    .where(sql<boolean>`not ${isNeeded}`)
    .where(sql<boolean>`coalesce(kept_until <= latchkey.now(), true)`)
    .orderBy(oldestFirst)
    .limit(atMost)
    .forUpdate()
    .skipLocked();
  const deleted = await db.deleteFrom("sessions").where("id", "in", dead).returning("endedAt").execute();
  const ranOut = deleted.filter(({ endedAt }) => endedAt === null);
  tellSessions(db, { change: "ended", because: "ran_out", count: ranOut.length });
  return deleted.length;
}
