import { type ColumnType, type Generated, type RawBuilder, sql } from "kysely";
import type { Queries } from "../storage/database.ts";

declare module "../storage/database.ts" {
  interface Database {
    formerPasswords: FormerPasswordsTable;
  }
}

interface FormerPasswordsTable {
  userId: string;
  /** The encoded hash. */
  password: string;
  /** Of the devices that were known when it was replaced. */
  deviceEpoch: number;
  resetAt: Generated<Date>;
  /** Since when the reset is held; null where it is not. */
  heldAt: ColumnType<Date | null, undefined, Date | null>;
}

/** How long after a reset by a code the password from before is kept, and until when at most the reset is held. */
const kept = sql.raw("interval '14 days'");

const isKept = sql<boolean>`former_passwords.reset_at > latchkey.now() - ${kept}`;

/** The password from before a reset by a code. */
export interface FormerPassword {
  readonly userId: string;
  readonly password: string;
  readonly deviceEpoch: number;
}

/**
 * Keeps the password that a code has just replaced. One that is kept already stays, with whatever holds the reset: a thief who resets twice
 * would otherwise make their own password the one from before.
 */
export async function keepFormerPassword(transaction: Queries, former: FormerPassword): Promise<void> {
  const { userId, password, deviceEpoch } = former;
  await sql`
    insert into latchkey.former_passwords (user_id, password, device_epoch) values (${userId}, ${password}, ${deviceEpoch})
    on conflict (user_id) do update
      set password = excluded.password, device_epoch = excluded.device_epoch, reset_at = excluded.reset_at, held_at = null
      where not (${isKept})`.execute(transaction);
}

/** The password that a reset by a code has lately replaced; null where there is none. */
export async function findFormerPassword(db: Queries, userId: string): Promise<FormerPassword | null> {
  const query = db
    .selectFrom("formerPasswords")
    .select(["userId", "password", "deviceEpoch"])
    .where("userId", "=", userId)
    .where(isKept);
  return (await query.executeTakeFirst()) ?? null;
}

/**
 * Holds a reset, or lets it go on, where the password from before is still the one that was checked. Answers until when it can be held; null
 * where that is over.
 */
export async function setHold(
  transaction: Queries,
  { userId, password }: FormerPassword,
  isHeld: boolean,
): Promise<Date | null> {
  const changed = await transaction
    .updateTable("formerPasswords")
    .set({ heldAt: isHeld ? sql<Date>`latchkey.now()` : null })
    .where("userId", "=", userId)
    .where("password", "=", password)
    .where(isKept)
    .returning(sql<Date>`reset_at + ${kept}`.as("until"))
    .executeTakeFirst();
  return changed?.until ?? null;
}

/** Seconds for which the reset of a user, by an SQL expression, is still held; null where it is not. */
export function secondsHeld(userId: RawBuilder<string>): RawBuilder<number | null> {
  return sql<number | null>`(select extract(epoch from reset_at + ${kept} - latchkey.now())::float8
    from latchkey.former_passwords where user_id = ${userId} and held_at is not null and ${isKept})`;
}

/** Forgets the password from before, and with it whatever holds the reset. */
export async function forgetFormerPassword(transaction: Queries, userId: string): Promise<void> {
  await transaction.deleteFrom("formerPasswords").where("userId", "=", userId).execute();
}

/** Deletes former passwords that hold nothing any more, `atMost` at once; answers how many. */
export async function deleteOldFormerPasswords(db: Queries, atMost: number): Promise<number> {
  const old = db
    .selectFrom("formerPasswords")
    .select("userId")
    .where(sql<boolean>`reset_at <= latchkey.now() - ${kept}`)
    .limit(atMost)
    .forUpdate()
    .skipLocked();
  const { numDeletedRows } = await db
    .deleteFrom("formerPasswords")
    .where("userId", "in", old)
    .executeTakeFirstOrThrow();
  return Number(numDeletedRows);
}
