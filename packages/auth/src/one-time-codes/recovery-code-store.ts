import { randomBytes } from "node:crypto";
import { type Generated, type RawBuilder, sql } from "kysely";
import { sha256 } from "../secrets.ts";
import type { Queries } from "../storage/database.ts";
import { createCode, hashCode } from "./one-time-code.ts";

declare module "../storage/database.ts" {
  interface Database {
    recoveryCodes: RecoveryCodesTable;
  }
}

interface RecoveryCodesTable {
  codeHash: Buffer;
  userId: string;
  /** Of codes that wait: the session that asked for them, with which they die. */
  sessionId: string | null;
  createdAt: Generated<Date>;
  /** From when codes that were asked for by a code alone are good; null once they are. */
  goodFrom: Date | null;
  usedAt: Date | null;
  ticketHash: Buffer | null;
  ticketExpiresAt: Date | null;
}

/** How many codes somebody gets at once. */
const codeCount = 10;

/** Seconds for which the ticket of a code is good. */
const ticketLifetime = 900;

const now = sql<Date>`latchkey.now()`;

/** The session that asked for waiting codes was ended before they were good. */
const isStopped = sql<boolean>`exists (select from latchkey.sessions s
  where s.id = recovery_codes.session_id and s.ended_at < recovery_codes.good_from)`;

/** Whether a user, by an SQL expression, has codes that are good at this moment. */
export function hasRecoveryCodes(userId: RawBuilder<string>): RawBuilder<boolean> {
  return sql<boolean>`exists (select from latchkey.recovery_codes where user_id = ${userId} and used_at is null
    and (good_from is null or (good_from <= latchkey.now() and not ${isStopped})))`;
}

export interface NewRecoveryCodes {
  readonly userId: string;
  /** Of codes that are not good at once: for how many seconds they wait, and the session with which they die. */
  readonly waiting: { readonly seconds: number; readonly sessionId: string } | null;
}

export interface MadeRecoveryCodes {
  /** Shown once: six groups of five letters and digits each; of before, four. */
  readonly codes: readonly string[];
  readonly createdAt: Date;
  readonly goodFrom: Date | null;
}

/** Makes ten codes. Those before are good no more, or, where these wait, until then. */
export async function replaceRecoveryCodes(
  transaction: Queries,
  { userId, waiting }: NewRecoveryCodes,
): Promise<MadeRecoveryCodes> {
  const codes = Array.from({ length: codeCount }, () => createCode());
  const replaced = transaction.deleteFrom("recoveryCodes").where("userId", "=", userId);
  await (waiting ? replaced.where("goodFrom", "is not", null) : replaced).execute();
  const goodFrom = waiting && sql<Date>`latchkey.now() + make_interval(secs => ${waiting.seconds})`;
  const rows = codes.map(({ hash }) => ({
    codeHash: hash,
    userId,
    sessionId: waiting?.sessionId ?? null,
    goodFrom,
    usedAt: null,
    ticketHash: null,
    ticketExpiresAt: null,
  }));
  const kept = await transaction
    .insertInto("recoveryCodes")
    .values(rows)
    .returning(["createdAt", "goodFrom"])
    .executeTakeFirstOrThrow();
  return { ...kept, codes: codes.map(({ text }) => text) };
}

/** What is told of somebody's codes. */
export interface RecoveryCodeStatus {
  /** How many of those that are good have not been used. */
  readonly left: number;
  /** Since when there are these; null when all that there are wait. */
  readonly createdAt: Date | null;
  /** From when newer ones are good, which replace these; null when none wait. */
  readonly nextGoodFrom: Date | null;
}

/** How somebody's codes stand at this moment; null for somebody who has none. */
export async function readRecoveryCodes(db: Queries, userId: string): Promise<RecoveryCodeStatus | null> {
  const { rows } = await sql<RecoveryCodeStatus & { all: number }>`
    with own as (
      select used_at, created_at, good_from, coalesce(good_from <= latchkey.now(), false) as is_due
      from latchkey.recovery_codes where user_id = ${userId} and (good_from is null or not ${isStopped})
    ), present as (
      select used_at, created_at from own
      where is_due or (good_from is null and not exists (select from own where is_due))
    )
    select (select count(*)::int from own) as all, (select count(*)::int from present where used_at is null) as left,
      (select min(created_at) from present) as "createdAt",
      (select min(good_from) from own where not is_due) as "nextGoodFrom"`.execute(db.withoutPlugins());
  const [{ all, ...status } = { all: 0, left: 0, createdAt: null, nextGoodFrom: null }] = rows;
  return all === 0 ? null : status;
}

/**
 * Lets codes that have waited long enough take the place of those before, and forgets those whose session was ended meanwhile: of a user,
 * whose row the transaction holds, or of everybody. Answers how many codes were touched.
 */
export async function settleRecoveryCodes(db: Queries, userId: string | null): Promise<number> {
  const isOwn = userId === null ? sql`true` : sql`user_id = ${userId}`;
  const { numAffectedRows } = await sql`
    with stopped as (
      delete from latchkey.recovery_codes where good_from is not null and ${isOwn} and ${isStopped}
    ), due as (
      update latchkey.recovery_codes set good_from = null, session_id = null
      where good_from <= latchkey.now() and ${isOwn} and not ${isStopped} returning user_id
    )
    delete from latchkey.recovery_codes where good_from is null and user_id in (select user_id from due)`.execute(db);
  return Number(numAffectedRows ?? 0);
}

/** Withdraws all codes of somebody, with their tickets. */
export async function deleteRecoveryCodes(transaction: Queries, userId: string): Promise<void> {
  await transaction.deleteFrom("recoveryCodes").where("userId", "=", userId).execute();
}

/** Withdraws codes that wait, and answers whether there were any. */
export async function stopWaitingCodes(transaction: Queries, userId: string): Promise<boolean> {
  const query = transaction.deleteFrom("recoveryCodes").where("userId", "=", userId).where("goodFrom", "is not", null);
  return (await query.executeTakeFirst()).numDeletedRows > 0n;
}

/** Has codes that wait be good from then on at the earliest. */
export async function prolongWaitingCodes(transaction: Queries, userId: string, until: Date): Promise<void> {
  await transaction
    .updateTable("recoveryCodes")
    .set({ goodFrom: sql<Date>`greatest(good_from, ${until})` })
    .where("userId", "=", userId)
    .where("goodFrom", ">", now)
    .execute();
}

/** Whose a code is, be it good or not, as it was typed; null for nobody's. It takes no lock. */
export async function findRecoveryCodeOwner(db: Queries, typed: string): Promise<string | null> {
  const query = db.selectFrom("recoveryCodes").select("userId").where("codeHash", "=", hashCode(typed));
  return (await query.executeTakeFirst())?.userId ?? null;
}

/** What a code is exchanged for. It sets a password, once. */
export interface RecoveryTicket {
  /** 128 random bits, as 22 characters of base64url. */
  readonly ticket: string;
  readonly expiresAt: Date;
}

/**
 * Makes a ticket for a code that is good and was not used; the one before of the same code is good no more. The code itself is used up with
 * its ticket, so that nobody loses one to an answer that never arrived. Null for a code that is not good.
 */
export async function issueRecoveryTicket(transaction: Queries, typed: string): Promise<RecoveryTicket | null> {
  const ticket = randomBytes(16).toString("base64url");
  const issued = await transaction
    .updateTable("recoveryCodes")
    .set({
      ticketHash: hashTicket(ticket),
      ticketExpiresAt: sql<Date>`latchkey.now() + make_interval(secs => ${ticketLifetime})`,
    })
    .where("codeHash", "=", hashCode(typed))
    .where("usedAt", "is", null)
    .where("goodFrom", "is", null)
    .returning("ticketExpiresAt")
    .executeTakeFirst();
  return issued?.ticketExpiresAt ? { ticket, expiresAt: issued.ticketExpiresAt } : null;
}

const hashTicket = (ticket: string) => sha256(Buffer.from(ticket));

/** Whose a ticket is, while it is good; null for every other. */
export async function findRecoveryTicketOwner(db: Queries, ticket: string): Promise<string | null> {
  const query = db
    .selectFrom("recoveryCodes")
    .select("userId")
    .where("ticketHash", "=", hashTicket(ticket))
    .where("ticketExpiresAt", ">", now)
    .where("usedAt", "is", null);
  return (await query.executeTakeFirst())?.userId ?? null;
}

/** Uses a ticket up, and its code with it, in the transaction of what it does: of two at once one gets it. */
export async function useRecoveryTicket(transaction: Queries, ticket: string): Promise<boolean> {
  const query = transaction
    .updateTable("recoveryCodes")
    .set({ usedAt: now, ticketHash: null, ticketExpiresAt: null })
    .where("ticketHash", "=", hashTicket(ticket))
    .where("ticketExpiresAt", ">", now)
    .where("usedAt", "is", null)
    .returning("codeHash");
  return (await query.executeTakeFirst()) !== undefined;
}
