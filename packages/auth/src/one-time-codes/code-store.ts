import { type Generated, sql } from "kysely";
import type { Queries } from "../storage/database.ts";
import { createUuid } from "../uuid.ts";
import type { CodePurpose } from "./one-time-code.ts";

declare module "../storage/database.ts" {
  interface Database {
    oneTimeCodes: OneTimeCodesTable;
  }
}

interface OneTimeCodesTable {
  id: string;
  userId: string;
  purpose: CodePurpose;
  /** What the code will prove: a phone number or an e-mail address. */
  target: string | null;
  /** Null until a code has been made and sent. */
  codeHash: Buffer | null;
  /** The administrator who made it; null for the command line and for what people ask for themselves. It goes when they go. */
  issuerId: string | null;
  createdAt: Generated<Date>;
  expiresAt: Date;
}

export interface NewCode {
  readonly userId: string;
  readonly purpose: CodePurpose;
  readonly target?: string;
  readonly codeHash: Buffer | null;
  readonly issuerId?: string | null;
  /** Seconds. */
  readonly lifetime: number;
}

/** Keeps a code; an older one of the same user and purpose is good no more. Answers when it runs out. */
export async function putCode(db: Queries, { lifetime, target, issuerId, ...code }: NewCode): Promise<Date> {
  const row = {
    ...code,
    id: createUuid(),
    target: target ?? null,
    issuerId: issuerId ?? null,
    createdAt: sql<Date>`latchkey.now()`,
    expiresAt: sql<Date>`latchkey.now() + make_interval(secs => ${lifetime})`,
  };
  const { expiresAt } = await db
    .insertInto("oneTimeCodes")
    .values(row)
    .onConflict((conflict) => conflict.columns(["userId", "purpose"]).doUpdateSet(row))
    .returning("expiresAt")
    .executeTakeFirstOrThrow();
  return expiresAt;
}

/** A code as somebody presents it. */
export interface PresentedCode {
  readonly userId: string;
  readonly purpose: CodePurpose;
  readonly codeHash: Buffer;
}

/** Whether there is such a code, be it good or expired. It takes no lock, so that wrong codes hold nobody up. */
export async function hasCode(db: Queries, { userId, purpose, codeHash }: PresentedCode): Promise<boolean> {
  const query = db
    .selectFrom("oneTimeCodes")
    .select("id")
    .where("userId", "=", userId)
    .where("purpose", "=", purpose)
    .where("codeHash", "=", codeHash);
  return (await query.executeTakeFirst()) !== undefined;
}

/** Whether a code of a user is good now. */
export async function hasGoodCode(
  db: Queries,
  { userId, purpose }: { userId: string; purpose: CodePurpose },
): Promise<boolean> {
  const query = db
    .selectFrom("oneTimeCodes")
    .select("id")
    .where("userId", "=", userId)
    .where("purpose", "=", purpose)
    .where(sql<boolean>`expires_at > latchkey.now()`);
  return (await query.executeTakeFirst()) !== undefined;
}

/** What became of a code that was presented, and by whom it was made. */
export interface TakenCode {
  readonly state: "good" | "expired" | "unknown";
  readonly issuerId: string | null;
  /** Null for one that there was not. */
  readonly createdAt: Date | null;
}

/** Uses a code up in one statement, so that of two who present it at once one gets it. */
export async function takeCode(db: Queries, { userId, purpose, codeHash }: PresentedCode): Promise<TakenCode> {
  const taken = await db
    .deleteFrom("oneTimeCodes")
    .where("userId", "=", userId)
    .where("purpose", "=", purpose)
    .where("codeHash", "=", codeHash)
    .returning(["issuerId", "createdAt", sql<boolean>`expires_at > latchkey.now()`.as("isGood")])
    .executeTakeFirst();
  if (!taken) return { state: "unknown", issuerId: null, createdAt: null };
  const { isGood, issuerId, createdAt } = taken;
  return { state: isGood ? "good" : "expired", issuerId, createdAt };
}

/** Makes a code of a user good no more, where there is one. */
export async function withdrawCode(
  db: Queries,
  { userId, purpose }: { userId: string; purpose: CodePurpose },
): Promise<void> {
  await db.deleteFrom("oneTimeCodes").where("userId", "=", userId).where("purpose", "=", purpose).execute();
}

/** Deletes codes that have run out, `atMost` at a time, and answers how many. */
export async function deleteExpiredCodes(db: Queries, atMost: number): Promise<number> {
  const expired = db
    .selectFrom("oneTimeCodes")
    .select("id")
    .where(sql<boolean>`expires_at <= latchkey.now()`)
    .orderBy("expiresAt")
    .limit(atMost)
    .forUpdate()
    .skipLocked();
  const result = await db.deleteFrom("oneTimeCodes").where("id", "in", expired).executeTakeFirst();
  return Number(result.numDeletedRows);
}
