import { type Generated, sql } from "kysely";
import type { Queries } from "../storage/database.ts";

declare module "../storage/database.ts" {
  interface Database {
    totpFactors: TotpFactorsTable;
  }
}

interface TotpFactorsTable {
  userId: string;
  sealedSecret: Buffer;
  createdAt: Generated<Date>;
  /** The time step of the last one-time password that was used; no step up to it is taken again. */
  lastStep: number;
  lastUsedAt: Date | null;
}

/** What an account's authenticator app shares with the service. */
export interface StoredTotp {
  readonly sealedSecret: Buffer;
  /** By the database's clock. */
  readonly now: Date;
}

/** The secret of a user's authenticator app; null for somebody who has none. */
export async function findTotp(db: Queries, userId: string): Promise<StoredTotp | null> {
  const found = await db
    .selectFrom("totpFactors")
    .select(["sealedSecret", sql<Date>`latchkey.now()`.as("now")])
    .where("userId", "=", userId)
    .executeTakeFirst();
  return found ?? null;
}

/** When an authenticator app was enrolled, and last used; null for somebody who has none. */
export async function describeTotp(
  db: Queries,
  userId: string,
): Promise<{ readonly createdAt: Date; readonly lastUsedAt: Date | null } | null> {
  const query = db.selectFrom("totpFactors").select(["createdAt", "lastUsedAt"]).where("userId", "=", userId);
  return (await query.executeTakeFirst()) ?? null;
}

/** Uses a step up, in the transaction of what it opens: of two at once one gets it, and nobody one that was used or went by. */
export async function useStep(
  transaction: Queries,
  { userId, sealedSecret, step }: { userId: string; sealedSecret: Buffer; step: number },
): Promise<boolean> {
  const { numUpdatedRows } = await transaction
    .updateTable("totpFactors")
    .set({ lastStep: step, lastUsedAt: sql<Date>`latchkey.now()` })
    .where("userId", "=", userId)
    .where("sealedSecret", "=", sealedSecret)
    .where("lastStep", "<", step)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** Keeps the secret of an authenticator app in the place of any before, with the step that showed that the app has it. */
export async function putTotp(
  transaction: Queries,
  { userId, sealedSecret, step }: { userId: string; sealedSecret: Buffer; step: number },
): Promise<void> {
  const now = sql<Date>`latchkey.now()`;
  const row = { userId, sealedSecret, lastStep: step, createdAt: now, lastUsedAt: now };
  await transaction
    .insertInto("totpFactors")
    .values(row)
    .onConflict((conflict) => conflict.column("userId").doUpdateSet(row))
    .execute();
}

/** Forgets a user's authenticator app; false when there was none. */
export async function deleteTotp(transaction: Queries, userId: string): Promise<boolean> {
  const { numDeletedRows } = await transaction
    .deleteFrom("totpFactors")
    .where("userId", "=", userId)
    .executeTakeFirst();
  return numDeletedRows === 1n;
}
