import { randomBytes } from "node:crypto";
import { type Generated, type Selectable, sql } from "kysely";
import { sha256 } from "../secrets.ts";
import type { Queries } from "../storage/database.ts";

declare module "../storage/database.ts" {
  interface Database {
    secondFactorTickets: SecondFactorTicketsTable;
  }
}

/** What waits for the second factor: a way in, or the enrolment of a factor by somebody who is signed in. */
export type SecondFactorPurpose = "sign_in" | "enter" | "reset_password" | "register" | "enroll";

interface SecondFactorTicketsTable {
  ticketHash: Buffer;
  userId: string;
  purpose: SecondFactorPurpose;
  /** What was shown, each checked: see the room of ways in. */
  evidence: string[];
  openedBy: string | null;
  /** By what kind of name its owner came. */
  identifier: string | null;
  /** Of an enrolment by somebody who is signed in. */
  sessionId: string | null;
  /** The device that its owner had signed in with before, where it is one. */
  deviceId: string | null;
  deviceName: string | null;
  /** Of an authenticator app that is being enrolled. */
  sealedSecret: Buffer | null;
  /** The hash of the password that is set when the second factor is shown. */
  nextPassword: string | null;
  attempts: Generated<number>;
  createdAt: Generated<Date>;
  expiresAt: Date;
  consumedAt: Date | null;
}

export type StoredSecondFactorTicket = Selectable<SecondFactorTicketsTable>;

/** Seconds for which a ticket is good: time to find the phone, and to enrol one. */
export const secondFactorTicketLifetime = 600;

/** One-time passwords that may be tried with one ticket. */
const mostAttempts = 5;

export interface NewSecondFactorTicket extends Pick<StoredSecondFactorTicket, "userId" | "purpose" | "evidence"> {
  readonly openedBy?: string | null;
  readonly identifier?: string | null;
  readonly sessionId?: string | null;
  readonly deviceId?: string | null;
  readonly deviceName?: string | null;
  readonly sealedSecret?: Buffer | null;
  readonly nextPassword?: string | null;
}

/** What its holder has: 128 random bits as 22 characters of base64url, of which a hash is kept. */
export interface SecondFactorTicket {
  readonly ticket: string;
  readonly expiresAt: Date;
}

const hashOf = (ticket: string) => sha256(Buffer.from(ticket));

export async function insertSecondFactorTicket(
  db: Queries,
  ticket: NewSecondFactorTicket,
): Promise<SecondFactorTicket> {
  const text = randomBytes(16).toString("base64url");
  const { expiresAt } = await db
    .insertInto("secondFactorTickets")
    .values({
      openedBy: null,
      identifier: null,
      sessionId: null,
      deviceId: null,
      deviceName: null,
      sealedSecret: null,
      nextPassword: null,
      ...ticket,
      ticketHash: hashOf(text),
      expiresAt: sql<Date>`latchkey.now() + make_interval(secs => ${secondFactorTicketLifetime})`,
      consumedAt: null,
    })
    .returning("expiresAt")
    .executeTakeFirstOrThrow();
  return { ticket: text, expiresAt };
}

/** A ticket that is still good; null for every other. */
export async function findSecondFactorTicket(db: Queries, ticket: string): Promise<StoredSecondFactorTicket | null> {
  const query = db
    .selectFrom("secondFactorTickets")
    .selectAll()
    .where("ticketHash", "=", hashOf(ticket))
    .where("attempts", "<", mostAttempts)
    .where("consumedAt", "is", null)
    .where("expiresAt", ">", sql<Date>`latchkey.now()`);
  return (await query.executeTakeFirst()) ?? null;
}

/** Counts an attempt with a ticket before anything is compared; null for a ticket that is good no more, or has no attempt left. */
export async function countTicketAttempt(db: Queries, ticket: string): Promise<StoredSecondFactorTicket | null> {
  const query = db
    .updateTable("secondFactorTickets")
    .set(({ eb }) => ({ attempts: eb("attempts", "+", 1) }))
    .where("ticketHash", "=", hashOf(ticket))
    .where("attempts", "<", mostAttempts)
    .where("consumedAt", "is", null)
    .where("expiresAt", ">", sql<Date>`latchkey.now()`)
    .returningAll();
  return (await query.executeTakeFirst()) ?? null;
}

/** Takes an attempt back whose one-time password was never compared, or was right. */
export async function giveTicketAttemptBack(db: Queries, { ticketHash }: { ticketHash: Buffer }): Promise<void> {
  await db
    .updateTable("secondFactorTickets")
    .set({ attempts: sql<number>`greatest(attempts - 1, 0)` })
    .where("ticketHash", "=", ticketHash)
    .where("consumedAt", "is", null)
    .execute();
}

/** Uses a ticket up, in the transaction of what it opens: of two at once one gets it. */
export async function consumeSecondFactorTicket(
  transaction: Queries,
  { ticketHash }: { ticketHash: Buffer },
): Promise<boolean> {
  const query = transaction
    .updateTable("secondFactorTickets")
    .set({ consumedAt: sql<Date>`latchkey.now()`, sealedSecret: null, nextPassword: null })
    .where("ticketHash", "=", ticketHash)
    .where("consumedAt", "is", null)
    .where("expiresAt", ">", sql<Date>`latchkey.now()`)
    .returning("ticketHash");
  return (await query.executeTakeFirst()) !== undefined;
}

/** Keeps the secret of an authenticator app that is being enrolled; the first one stands. Answers the one that is kept. */
export async function keepEnrollingSecret(
  db: Queries,
  { ticketHash }: { ticketHash: Buffer },
  sealedSecret: Buffer,
): Promise<Buffer | null> {
  const kept = await db
    .updateTable("secondFactorTickets")
    .set({ sealedSecret: sql<Buffer>`coalesce(sealed_secret, ${sealedSecret})` })
    .where("ticketHash", "=", ticketHash)
    .where("consumedAt", "is", null)
    .returning("sealedSecret")
    .executeTakeFirst();
  return kept?.sealedSecret ?? null;
}

/** Ends every sign-in and enrolment of a user that waits for the second factor. */
export async function endSecondFactorTickets(transaction: Queries, userId: string): Promise<void> {
  await transaction.deleteFrom("secondFactorTickets").where("userId", "=", userId).execute();
}

/** Ends every sign-in that waits for more, whoever's it is. */
export async function endAllSecondFactorTickets(db: Queries): Promise<void> {
  await db.deleteFrom("secondFactorTickets").execute();
}

/** Deletes tickets that are good for nothing any more. Answers how many, at most so many at once. */
export async function deleteOldSecondFactorTickets(db: Queries, atMost: number): Promise<number> {
  const old = db
    .selectFrom("secondFactorTickets")
    .select("ticketHash")
    .where("expiresAt", "<", sql<Date>`latchkey.now()`)
    .limit(atMost);
  const deleted = await db.deleteFrom("secondFactorTickets").where("ticketHash", "in", old).executeTakeFirstOrThrow();
  return Number(deleted.numDeletedRows);
}
