import { type ColumnType, type Generated, sql } from "kysely";
import type { Queries } from "../storage/database.ts";

declare module "../storage/database.ts" {
  interface Database {
    accountDeletions: AccountDeletionsTable;
  }
}

/** Why an account is to be deleted: its owner wants it, or nobody has used it for long. */
export type DeletionReason = "requested" | "inactive";

interface AccountDeletionsTable {
  userId: string;
  reason: DeletionReason;
  requestedAt: Generated<Date>;
  dueAt: ColumnType<Date, Date, Date>;
}

export interface NewDeletion {
  readonly userId: string;
  readonly reason: DeletionReason;
  /** Seconds until it is done. */
  readonly waits: number;
}

/** Notes that an account is to be deleted, and answers when. Another time than before takes the place of that. */
export async function insertDeletion(transaction: Queries, { userId, reason, waits }: NewDeletion): Promise<Date> {
  const dueAt = sql<Date>`latchkey.now() + make_interval(secs => ${waits})`;
  const again = { reason, dueAt, requestedAt: sql<Date>`latchkey.now()` };
  const inserted = await transaction
    .insertInto("accountDeletions")
    .values({ userId, reason, dueAt })
    .onConflict((conflict) => conflict.column("userId").doUpdateSet(again))
    .returning("dueAt")
    .executeTakeFirstOrThrow();
  return inserted.dueAt;
}

/** When an account is to be deleted; null for one that is not. */
export async function findDeletion(db: Queries, userId: string): Promise<Date | null> {
  const query = db.selectFrom("accountDeletions").select("dueAt").where("userId", "=", userId);
  return (await query.executeTakeFirst())?.dueAt ?? null;
}

/** Takes back that an account is to be deleted, and answers why it was; null where it was not. */
export async function takeDeletion(transaction: Queries, userId: string): Promise<DeletionReason | null> {
  const query = transaction.deleteFrom("accountDeletions").where("userId", "=", userId).returning("reason");
  return (await query.executeTakeFirst())?.reason ?? null;
}

/** The same, once it is due. The transaction holds the user's row, so that a sign-in comes before or after. */
export async function takeDueDeletion(transaction: Queries, userId: string): Promise<DeletionReason | null> {
  const query = transaction
    .deleteFrom("accountDeletions")
    .where("userId", "=", userId)
    .where("dueAt", "<=", sql<Date>`latchkey.now()`)
    .returning("reason");
  return (await query.executeTakeFirst())?.reason ?? null;
}

/**
 * Whose account has been due for longest.
 *
 * @param but ids of those that are left alone
 */
export async function findDueDeletion(db: Queries, but: readonly string[]): Promise<string | null> {
  const query = db
    .selectFrom("accountDeletions")
    .select("userId")
    .where("dueAt", "<=", sql<Date>`latchkey.now()`)
    .where(sql<boolean>`user_id <> all(${but}::uuid[])`)
    .orderBy("dueAt")
    .limit(1);
  return (await query.executeTakeFirst())?.userId ?? null;
}

/** Takes back what waits because nobody uses an account, and answers how many. */
export async function dropInactiveDeletions(db: Queries): Promise<number> {
  const result = await db.deleteFrom("accountDeletions").where("reason", "=", "inactive").executeTakeFirst();
  return Number(result.numDeletedRows);
}
