import { type Generated, type Selectable, sql } from "kysely";
import type { Queries } from "../storage/database.ts";

declare module "../storage/database.ts" {
  interface Database {
    passkeys: PasskeysTable;
  }
}

interface PasskeysTable {
  /** UUIDv7, by which its owner names it. */
  id: string;
  userId: string;
  credentialId: Buffer;
  /** COSE. */
  publicKey: Buffer;
  /** How often it was used, by its own count; 0 where it does not count. */
  counter: number;
  /** How browsers reach it, such as `internal`, `hybrid` and `usb`. */
  transports: string[];
  /** Its owner's name for it. */
  name: string;
  /** Whether its maker keeps a copy, so that it outlives the device. */
  isBackedUp: boolean;
  createdAt: Generated<Date>;
  lastUsedAt: Date | null;
}

/** A passkey without its count, which nothing but the row itself judges. */
export type StoredPasskey = Omit<Selectable<PasskeysTable>, "counter">;

const columns = [
  ...(["id", "userId", "credentialId", "publicKey", "transports"] as const),
  ...(["name", "isBackedUp", "createdAt", "lastUsedAt"] as const),
] as const satisfies readonly (keyof StoredPasskey)[];

/** A user's passkeys, the oldest first. */
export function listPasskeys(db: Queries, userId: string): Promise<StoredPasskey[]> {
  return db.selectFrom("passkeys").select(columns).where("userId", "=", userId).orderBy("id").execute();
}

/** The passkey of a credential's id, whosever it is; null for one that there is not, or not any more. */
export async function findPasskey(db: Queries, credentialId: Buffer): Promise<StoredPasskey | null> {
  const query = db.selectFrom("passkeys").select(columns).where("credentialId", "=", credentialId);
  return (await query.executeTakeFirst()) ?? null;
}

export type NewPasskey = Omit<Selectable<PasskeysTable>, "createdAt" | "lastUsedAt">;

/** Keeps a new passkey; null where its credential's id is there already. */
export async function insertPasskey(transaction: Queries, passkey: NewPasskey): Promise<StoredPasskey | null> {
  const query = transaction
    .insertInto("passkeys")
    .values({ ...passkey, lastUsedAt: null })
    .onConflict((conflict) => conflict.column("credentialId").doNothing())
    .returning(columns);
  return (await query.executeTakeFirst()) ?? null;
}

/** What an authenticator has just said of a passkey. */
export interface PasskeyUse {
  readonly id: string;
  readonly counter: number;
  readonly isBackedUp: boolean;
}

/**
 * Notes that a passkey was used, in the transaction of what it opens. `counter` where its own count has not gone on: then two devices have
 * it. `gone` where it was removed.
 */
export async function notePasskeyUse(
  transaction: Queries,
  { id, counter, isBackedUp }: PasskeyUse,
): Promise<"noted" | "counter" | "gone"> {
  const { numUpdatedRows } = await transaction
    .updateTable("passkeys")
    .set({ counter, isBackedUp, lastUsedAt: sql<Date>`latchkey.now()` })
    .where("id", "=", id)
    .where(({ eb, or, and }) => or([eb("counter", "<", counter), and([eb("counter", "=", 0), eb.val(counter === 0)])]))
    .executeTakeFirst();
  if (numUpdatedRows === 1n) return "noted";
  const left = await transaction.selectFrom("passkeys").select("id").where("id", "=", id).executeTakeFirst();
  return left ? "counter" : "gone";
}

/** One of a user's own. */
export interface OwnPasskeyId {
  readonly userId: string;
  readonly id: string;
}

/** False where a user has no such passkey. */
export async function renamePasskey(
  transaction: Queries,
  { userId, id, name }: OwnPasskeyId & { readonly name: string },
): Promise<boolean> {
  const query = transaction.updateTable("passkeys").set({ name }).where("userId", "=", userId).where("id", "=", id);
  return (await query.executeTakeFirst()).numUpdatedRows === 1n;
}

/** False where a user has no such passkey. */
export async function deletePasskey(transaction: Queries, { userId, id }: OwnPasskeyId): Promise<boolean> {
  const query = transaction.deleteFrom("passkeys").where("userId", "=", userId).where("id", "=", id);
  return (await query.executeTakeFirst()).numDeletedRows === 1n;
}

/** Forgets a user's passkeys but for some, and answers how many it were. */
export async function deleteOtherPasskeys(
  transaction: Queries,
  { userId, keep }: { readonly userId: string; readonly keep: readonly string[] },
): Promise<number> {
  const query = transaction
    .deleteFrom("passkeys")
    .where("userId", "=", userId)
    .where(sql<boolean>`id <> all (${keep}::uuid[])`);
  return Number((await query.executeTakeFirst()).numDeletedRows);
}

/** Forgets all of a user's passkeys, and answers how many there were. */
export async function deletePasskeys(transaction: Queries, userId: string): Promise<number> {
  const { numDeletedRows } = await transaction.deleteFrom("passkeys").where("userId", "=", userId).executeTakeFirst();
  return Number(numDeletedRows);
}
