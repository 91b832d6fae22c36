import { randomUUIDv7 } from "node:crypto";
import { type Generated, sql } from "kysely";
import type { Queries } from "../storage/database.ts";
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
  createdAt: Generated<Date>;
  expiresAt: Date;
}

export interface NewCode {
  readonly userId: string;
  readonly purpose: CodePurpose;
  readonly target?: string;
  readonly codeHash: Buffer | null;
  /** Seconds. */
  readonly lifetime: number;
}

/** Keeps a code; an older one of the same user and purpose is good no more. Answers when it runs out. */
export async function putCode(db: Queries, { lifetime, target, ...code }: NewCode): Promise<Date> {
  const row = {
    ...code,
    id: randomUUIDv7(),
    target: target ?? null,
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

/** Uses a code up in one statement, so that of two who present it at once one gets it. */
export async function takeCode(
  db: Queries,
  { userId, purpose, codeHash }: { userId: string; purpose: CodePurpose; codeHash: Buffer },
): Promise<"good" | "expired" | "unknown"> {
  const taken = await db
    .deleteFrom("oneTimeCodes")
    .where("userId", "=", userId)
    .where("purpose", "=", purpose)
    .where("codeHash", "=", codeHash)
    .returning(sql<boolean>`expires_at > latchkey.now()`.as("isGood"))
    .executeTakeFirst();
  if (!taken) return "unknown";
  return taken.isGood ? "good" : "expired";
}

/** Deletes codes that have run out, `atMost` at a time, and answers how many. */
export async function deleteExpiredCodes(db: Queries, atMost: number): Promise<number> {
  const expired = db
    .selectFrom("oneTimeCodes")
    .select("id")
    .where(sql<boolean>`expires_at <= latchkey.now()`)
    .limit(atMost)
    .forUpdate()
    .skipLocked();
  const result = await db.deleteFrom("oneTimeCodes").where("id", "in", expired).executeTakeFirst();
  return Number(result.numDeletedRows);
}
