import { type ColumnType, type Generated, type RawBuilder, type Selectable, sql } from "kysely";
import type { Queries } from "../storage/database.ts";
import { createUuid } from "../uuid.ts";
import type { Digits } from "./derived-code.ts";

/** What a right code does. */
export type ChallengePurpose =
  | "enter"
  | "sign_in"
  /** Nothing starts one: who registers by number or address proves it by `enter`. The table's CHECK knows it. */
  | "register"
  | "prove_phone"
  | "prove_email"
  | "reset_password"
  | "reauthenticate";

export type Channel = "sms" | "whatsapp" | "email";

/** What became of the message: one state leads to the next, and never back. */
export type MessageState = "queued" | "sent" | "delivered" | "failed" | "suppressed";

declare module "../storage/database.ts" {
  interface Database {
    challenges: ChallengesTable;
    wrongCodes: WrongCodesTable;
  }
}

interface ChallengesTable {
  id: string;
  /** SHA-256 of what its starter alone holds. */
  handleHash: Buffer;
  purpose: ChallengePurpose;
  /** Canonical; null where nobody is written to. */
  address: string | null;
  userId: string | null;
  /** The session that asked, for purposes of people who are signed in. */
  sessionId: string | null;
  keyId: string;
  digits: Digits;
  attempts: Generated<number>;
  sends: Generated<number>;
  createdAt: Generated<Date>;
  nextSendAt: Date;
  expiresAt: Date;
  consumedAt: Date | null;
  /** When its code was right and took effect. */
  provedAt: ColumnType<Date | null, never, Date>;
  /** When the first message with its code left; until then no code is right. */
  handedAt: Date | null;
  channel: Channel | null;
  /** Whether who asks may know the channel: what a username leads to is nobody's business. */
  tellsChannel: boolean;
  locale: string | null;
  state: MessageState;
  tries: Generated<number>;
  /** When it is to be sent; null while nothing is. */
  dueAt: Date | null;
  leaseUntil: Date | null;
  providerId: string | null;
  /** Of the message that is due or was sent last: the provider's idempotency key. */
  messageId: Generated<string>;
  /** Why the last message was not sent. */
  failure: string | null;
  /** Under what its wrong codes are counted, where a username was typed: whether that leads to a number is nobody's business. */
  wrongCodesKey: string | null;
}

interface WrongCodesTable {
  /** A keyed hash of the number or the address, or of the username that was typed: whose code was mistyped is nobody's business for 90 days. */
  address: string;
  count: number;
  lastAt: Date;
}

export type StoredChallenge = Selectable<ChallengesTable>;

/** Guesses at one challenge. */
export const mostAttempts = 5;

/** Messages with its code. */
export const mostSends = 3;

/** Seconds for which a code is good. */
export const codeLifetime = 600;

/** Seconds after the first, second and third message before there may be another. */
const coolDowns = [30, 60, 120] as const;

export interface NewChallenge {
  readonly handleHash: Buffer;
  readonly purpose: ChallengePurpose;
  readonly address: string | null;
  readonly userId: string | null;
  readonly sessionId: string | null;
  readonly keyId: string;
  readonly digits: Digits;
  readonly channel: Channel | null;
  readonly tellsChannel: boolean;
  readonly locale: RawBuilder<string | null> | null;
  readonly wrongCodesKey: string | null;
  /** Whether a message is to be sent; otherwise it looks the same to who asked, and no code is right. */
  readonly isSent: boolean;
  /** Whether its code is right at once and nothing is sent: for test numbers. */
  readonly isHanded: boolean;
}

const now = sql<Date>`latchkey.now()`;
const nowIf = (isSo: boolean) => sql<Date | null>`case when ${isSo}::boolean then latchkey.now() end`;
const secondsFromNow = (seconds: number) => sql<Date>`latchkey.now() + make_interval(secs => ${seconds})`;

export async function insertChallenge(
  db: Queries,
  { isSent, isHanded, ...challenge }: NewChallenge,
): Promise<StoredChallenge> {
  return db
    .insertInto("challenges")
    .values({
      ...challenge,
      id: createUuid(),
      sends: 1,
      nextSendAt: secondsFromNow(coolDowns[0]),
      expiresAt: secondsFromNow(codeLifetime),
      state: isHanded ? "sent" : isSent ? "queued" : "suppressed",
      // The same statement whether anything is sent or not.
      dueAt: nowIf(isSent && !isHanded),
      handedAt: nowIf(isHanded),
    })
    .returningAll()
    .executeTakeFirstOrThrow();
}

/** A challenge as its starter's program asks after it. */
export interface FoundChallenge extends StoredChallenge {
  /** Whether it is time for another message. */
  readonly isResendDue: boolean;
}

export async function findChallenge(db: Queries, handleHash: Buffer): Promise<FoundChallenge | null> {
  const query = db
    .selectFrom("challenges")
    .selectAll()
    .select(
      sql<boolean>`sends < ${mostSends} and next_send_at <= latchkey.now() and consumed_at is null
        and expires_at > latchkey.now()`.as("isResendDue"),
    )
    .where("handleHash", "=", handleHash);
  return (await query.executeTakeFirst()) ?? null;
}

/** Who presents a code, and for what. */
export interface PresentedChallenge {
  readonly handleHash: Buffer;
  readonly purpose: ChallengePurpose;
  readonly sessionId: string | null;
}

/** Counts a guess before anybody compares it. Null where there is nothing to guess at any more. */
export async function countAttempt(
  db: Queries,
  { handleHash, purpose, sessionId }: PresentedChallenge,
): Promise<StoredChallenge | null> {
  const query = db
    .updateTable("challenges")
    .set(({ eb }) => ({ attempts: eb("attempts", "+", 1) }))
    .where("handleHash", "=", handleHash)
    .where("purpose", "=", purpose)
    .where("sessionId", "is not distinct from", sessionId)
    .where("attempts", "<", mostAttempts)
    .where("consumedAt", "is", null)
    .where("expiresAt", ">", now)
    .returningAll();
  return (await query.executeTakeFirst()) ?? null;
}

/** Whether a challenge of this person's has run out; one of anybody else's is none. */
export async function isExpired(db: Queries, presented: PresentedChallenge): Promise<boolean> {
  const query = db
    .selectFrom("challenges")
    .select("id")
    .where("handleHash", "=", presented.handleHash)
    .where("purpose", "=", presented.purpose)
    .where("sessionId", "is not distinct from", presented.sessionId)
    .where("consumedAt", "is", null)
    .where("expiresAt", "<=", now);
  return (await query.executeTakeFirst()) !== undefined;
}

/** Gives back a guess that was right, where its effect was refused. */
export async function giveBackAttempt(db: Queries, id: string): Promise<void> {
  await db
    .updateTable("challenges")
    .set(({ eb }) => ({ attempts: eb("attempts", "-", 1) }))
    .where("id", "=", id)
    .where("attempts", ">", 0)
    .where("consumedAt", "is", null)
    .execute();
}

/** Uses a challenge up, in the transaction of what it does: of two at once one gets it. */
export async function consumeChallenge(db: Queries, id: string): Promise<boolean> {
  const query = db
    .updateTable("challenges")
    .set({ consumedAt: now, provedAt: now, dueAt: null })
    .where("id", "=", id)
    .where("consumedAt", "is", null)
    .where("expiresAt", ">", now)
    .returning("id");
  return (await query.executeTakeFirst()) !== undefined;
}

/**
 * Has another message sent with the same code, where it is time; the attempts stay as they are.
 *
 * @param isSent false where its message was refused and that must not show: it is counted as if there had been one
 */
export async function scheduleResend(
  db: Queries,
  handleHash: Buffer,
  isSent: boolean,
): Promise<StoredChallenge | null> {
  const coolDown = sql<Date>`latchkey.now() + make_interval(secs =>
    (array[${sql.join(coolDowns)}]::int[])[least(sends + 1, ${coolDowns.length})])`;
  const query = db
    .updateTable("challenges")
    .set(({ eb }) => ({
      sends: eb("sends", "+", 1),
      nextSendAt: coolDown,
      // A message that has not left yet is still the one that leaves: under its id, and by whoever is sending it.
      messageId: sql<string>`case when due_at is null then gen_random_uuid() else message_id end`,
      tries: sql<number>`case when due_at is null then 0 else tries end`,
      dueAt: sql<Date | null>`case when state = 'suppressed' then null
        else coalesce(due_at, case when ${isSent}::boolean then latchkey.now() end) end`,
    }))
    .where("handleHash", "=", handleHash)
    .where("sends", "<", mostSends)
    .where("nextSendAt", "<=", now)
    .where("consumedAt", "is", null)
    .where("expiresAt", ">", now)
    .returningAll();
  return (await query.executeTakeFirst()) ?? null;
}

/**
 * Ends what is open for a person, as after a change of their names, password or status: codes about their account, and those that their
 * sessions asked for about another number.
 */
export async function endChallenges(db: Queries, userId: string): Promise<void> {
  const open = db.updateTable("challenges").set({ consumedAt: now, dueAt: null }).where("consumedAt", "is", null);
  await open.where("userId", "=", userId).execute();
  const ofSessions = db
    .selectFrom("challenges as c")
    .innerJoin("sessions as s", "s.id", "c.sessionId")
    .select("c.id")
    .where("s.userId", "=", userId)
    .where("c.consumedAt", "is", null)
    .where("c.expiresAt", ">", now);
  await open.where("id", "in", ofSessions).execute();
}

/** Whether a session has proved an address by a code within these seconds. */
export async function hasProvedLately(
  db: Queries,
  { sessionId, address, seconds }: { sessionId: string; address: string; seconds: number },
): Promise<boolean> {
  const query = db
    .selectFrom("challenges")
    .select("id")
    .where("sessionId", "=", sessionId)
    .where("address", "=", address)
    .where("purpose", "in", ["prove_phone", "prove_email", "reauthenticate"])
    .where("provedAt", ">", secondsFromNow(-seconds));
  return (await query.executeTakeFirst()) !== undefined;
}

/** Ends what is open and was derived with some keys. Answers how many, at most so many at once. */
export async function endChallengesOfKeys(db: Queries, keyIds: readonly string[], atMost: number): Promise<number> {
  const open = db
    .selectFrom("challenges")
    .select("id")
    .where(sql<boolean>`key_id = any(${keyIds}::text[])`)
    .where("consumedAt", "is", null)
    .orderBy("id")
    .limit(atMost)
    .forUpdate();
  const query = db.updateTable("challenges").set({ consumedAt: now, dueAt: null }).where("id", "in", open);
  return Number((await query.executeTakeFirst()).numUpdatedRows);
}

/** Deletes what has run out for longer than anybody asks after it. Answers how many, at most so many at once. */
export async function deleteOldChallenges(db: Queries, most: number): Promise<number> {
  const old = db.selectFrom("challenges").select("id").where("expiresAt", "<", secondsFromNow(-86_400)).limit(most);
  const { numDeletedRows } = await db.deleteFrom("challenges").where("id", "in", old).executeTakeFirstOrThrow();
  return Number(numDeletedRows);
}

/** Counts a wrong code for an address or a username, over all purposes and whether anybody has it. */
export async function countWrongCode(db: Queries, address: string): Promise<void> {
  await db
    .insertInto("wrongCodes")
    .values({ address, count: 1, lastAt: now })
    .onConflict((conflict) =>
      conflict.column("address").doUpdateSet({ count: sql<number>`wrong_codes.count + 1`, lastAt: now }),
    )
    .execute();
}

/** Wrong codes for an address since it was last proved. */
export async function readWrongCodes(db: Queries, address: string): Promise<number> {
  const query = db.selectFrom("wrongCodes").select("count").where("address", "=", address);
  return (await query.executeTakeFirst())?.count ?? 0;
}

/** Forgets the wrong codes of an address that has just been proved. */
export async function forgetWrongCodes(db: Queries, address: string): Promise<void> {
  await db.deleteFrom("wrongCodes").where("address", "=", address).execute();
}

/** Deletes counts of wrong codes to which none was added for 90 days. Answers how many, at most so many at once. */
export async function deleteOldWrongCodes(db: Queries, atMost: number): Promise<number> {
  const old = db
    .selectFrom("wrongCodes")
    .select("address")
    .where("lastAt", "<", secondsFromNow(-90 * 86_400))
    .limit(atMost);
  const { numDeletedRows } = await db.deleteFrom("wrongCodes").where("address", "in", old).executeTakeFirstOrThrow();
  return Number(numDeletedRows);
}
