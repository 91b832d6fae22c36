import { randomBytes } from "node:crypto";
import { type Generated, type Selectable, sql } from "kysely";
import { randomUUIDv7, sha256 } from "../secrets.ts";
import type { Queries } from "../storage/database.ts";

declare module "../storage/database.ts" {
  interface Database {
    rememberedDevices: RememberedDevicesTable;
  }
}

interface RememberedDevicesTable {
  /** UUIDv7, by which its owner names it. */
  id: string;
  userId: string;
  markHash: Buffer;
  /** The epoch of the account's devices in which it is good. */
  deviceEpoch: number;
  /** In words, what its browser said it is. The mark is good with the same words alone. */
  device: string | null;
  deviceName: string | null;
  /** Where it was last signed in from. */
  address: string | null;
  createdAt: Generated<Date>;
  /** When it last took the place of the factor; null for never. */
  lastUsedAt: Date | null;
  expiresAt: Date;
}

/** Devices that one person may have remembered; the oldest makes room. */
const mostDevices = 20;

const hashOf = (mark: string) => sha256(Buffer.from(mark));

export interface NewRememberedDevice
  extends Pick<Selectable<RememberedDevicesTable>, "userId" | "deviceEpoch" | "device" | "deviceName" | "address"> {
  /** Seconds for which it is remembered. */
  readonly lifetime: number;
}

/** What the device keeps: 128 random bits as 22 characters of base64url, of which a hash is stored. */
export interface RememberMark {
  readonly id: string;
  readonly mark: string;
  readonly expiresAt: Date;
}

export async function insertRememberedDevice(
  transaction: Queries,
  { lifetime, ...device }: NewRememberedDevice,
): Promise<RememberMark> {
  const [id, mark] = [randomUUIDv7(), randomBytes(16).toString("base64url")];
  const expiresAt = sql<Date>`latchkey.now() + make_interval(secs => ${lifetime})`;
  const kept = await transaction
    .insertInto("rememberedDevices")
    .values({ ...device, id, markHash: hashOf(mark), lastUsedAt: null, expiresAt })
    .returning("expiresAt")
    .executeTakeFirstOrThrow();
  return { id, mark, expiresAt: kept.expiresAt };
}

/** The devices of a user beyond the most that one person may have: the oldest ones, by their ids. */
export async function listSurplusDevices(transaction: Queries, userId: string): Promise<string[]> {
  const query = transaction.selectFrom("rememberedDevices").select("id").where("userId", "=", userId);
  return (await query.orderBy("id", "desc").offset(mostDevices).execute()).map(({ id }) => id);
}

/** A mark that somebody shows beside their first factor, and for whom it would have to be. */
export interface ShownMark {
  readonly mark: string;
  readonly userId: string;
  readonly deviceEpoch: number;
  readonly device: string | null;
  readonly address: string | null;
  /** Seconds for which devices are remembered now: a shorter setting counts for those of before as well. */
  readonly lifetime: number;
}

/**
 * Notes that a remembered device took the place of the second factor, in the transaction of what it opens. Answers which, and for how many
 * seconds more it is good; null for a mark that is good no more, or is not of this account or this kind of device.
 */
export async function useRememberedDevice(
  transaction: Queries,
  { mark, userId, deviceEpoch, device, address, lifetime }: ShownMark,
): Promise<{ readonly id: string; readonly secondsLeft: number } | null> {
  const ends = sql`least(expires_at, created_at + make_interval(secs => ${lifetime}))`;
  const used = await transaction
    .updateTable("rememberedDevices")
    .set({ lastUsedAt: sql<Date>`latchkey.now()`, address })
    .where("markHash", "=", hashOf(mark))
    .where("userId", "=", userId)
    .where("deviceEpoch", "=", deviceEpoch)
    .where(sql<boolean>`device is not distinct from ${device}::text`)
    .where(sql<boolean>`${ends} > latchkey.now()`)
    .returning(["id", sql<number>`ceil(extract(epoch from ${ends} - latchkey.now()))::int`.as("secondsLeft")])
    .executeTakeFirst();
  return used ?? null;
}

/** A remembered device as its owner sees it. */
export interface StoredRememberedDevice {
  readonly id: string;
  /** In words, what its browser said it is. */
  readonly device: string | null;
  readonly deviceName: string | null;
  /** Where it was last signed in from. */
  readonly address: string | null;
  readonly createdAt: Date;
  /** When it last took the place of the factor; null for never. */
  readonly lastUsedAt: Date | null;
  readonly expiresAt: Date;
}

const shown = ["id", "device", "deviceName", "address", "createdAt", "lastUsedAt", "expiresAt"] as const;

/** The devices of a user that are remembered in this epoch, the newest first. */
export function listRememberedDevices(
  db: Queries,
  { userId, deviceEpoch, lifetime }: Pick<ShownMark, "userId" | "deviceEpoch" | "lifetime">,
): Promise<StoredRememberedDevice[]> {
  return db
    .selectFrom("rememberedDevices")
    .select(shown)
    .where("userId", "=", userId)
    .where("deviceEpoch", "=", deviceEpoch)
    .where(sql<boolean>`least(expires_at, created_at + make_interval(secs => ${lifetime})) > latchkey.now()`)
    .orderBy("id", "desc")
    .execute();
}

/** Which remembered devices of a user to forget. */
export interface RememberedToForget {
  readonly userId: string;
  /** Only these. */
  readonly ids?: readonly string[] | undefined;
  /** All but this one. */
  readonly except?: string | null | undefined;
}

/** Forgets remembered devices, and answers which. */
export async function deleteRememberedDevices(
  transaction: Queries,
  { userId, ids, except }: RememberedToForget,
): Promise<string[]> {
  let query = transaction.deleteFrom("rememberedDevices").where("userId", "=", userId);
  if (ids) query = query.where("id", "=", sql<string>`any(${ids}::uuid[])`);
  if (except) query = query.where("id", "!=", except);
  return (await query.returning("id").execute()).map(({ id }) => id);
}

/** Has what is remembered of a user go on in another epoch of their devices. */
export async function moveRememberedDevices(transaction: Queries, userId: string, deviceEpoch: number): Promise<void> {
  await transaction.updateTable("rememberedDevices").set({ deviceEpoch }).where("userId", "=", userId).execute();
}

/** Forgets every remembered device, whoever's it is. */
export async function deleteAllRememberedDevices(db: Queries): Promise<void> {
  await db.deleteFrom("rememberedDevices").execute();
}

/** Deletes marks that are good for nothing any more. Answers how many, at most so many at once. */
export async function deleteOldRememberedDevices(db: Queries, atMost: number): Promise<number> {
  const old = db
    .selectFrom("rememberedDevices")
    .select("id")
    .where("expiresAt", "<", sql<Date>`latchkey.now()`)
    .limit(atMost);
  const { numDeletedRows } = await db.deleteFrom("rememberedDevices").where("id", "in", old).executeTakeFirstOrThrow();
  return Number(numDeletedRows);
}
