import { randomBytes } from "node:crypto";
import { equalInConstantTime, hmacSha256 } from "../secrets.ts";

const randomIdBytes = 12;
const dateBytes = 4;
const idBytes = randomIdBytes + dateBytes;
const sealBytes = 16;

/** Whose devices are meant. */
export interface DeviceOwner {
  readonly id: string;
  /** How often the account's devices were forgotten. */
  readonly deviceEpoch: number;
}

/** A device that somebody has signed in with. */
export interface KnownDevice {
  /** 96 random bits and since when it is known, hexadecimal. */
  readonly id: string;
  /** What the device keeps and shows at its next sign-in: 43 characters of base64url. */
  readonly mark: string;
}

/**
 * Makes the mark of a device for one user. It lets nobody in: it only shows that somebody signed in as that user with this device
 * before, so that strangers who guess do not keep its owner out. It is good for as long as the account's epoch is the same.
 *
 * @param id of a device that is known already; null for a new one
 */
export function createDeviceToken(key: Uint8Array, owner: DeviceOwner, id: string | null, now: Date): KnownDevice {
  const bytes = id === null ? createId(now) : Buffer.from(id, "hex");
  const mark = Buffer.concat([bytes, seal(key, owner, bytes)]).toString("base64url");
  return { id: bytes.toString("hex"), mark };
}

function createId(now: Date): Buffer {
  const id = Buffer.concat([randomBytes(randomIdBytes), Buffer.alloc(dateBytes)]);
  id.writeUInt32BE(Math.floor(now.getTime() / 1000) % 2 ** 32, randomIdBytes);
  return id;
}

/** The id of the device that shows a mark, or null when it is not one of that user's in their present epoch, by any of the keys. */
export function readDeviceToken(keys: readonly Uint8Array[], owner: DeviceOwner, mark: string): string | null {
  const bytes = Buffer.from(mark, "base64url");
  if (bytes.length !== idBytes + sealBytes) return null;
  const [id, shown] = [bytes.subarray(0, idBytes), bytes.subarray(idBytes)];
  if (keys.some((key) => equalInConstantTime(shown, seal(key, owner, id)))) return id.toString("hex");
  const isOld =
    owner.deviceEpoch === 0 && keys.some((key) => equalInConstantTime(shown, sealOfBefore(key, owner.id, id)));
  return isOld ? Buffer.concat([id.subarray(0, randomIdBytes), Buffer.alloc(dateBytes)]).toString("hex") : null;
}

/** Since when a device is known, by its id. One from before marks had a date is known since the beginning of time. */
export function knownSince(id: string): Date {
  return new Date(Buffer.from(id, "hex").readUInt32BE(randomIdBytes) * 1000);
}

function seal(key: Uint8Array, { id: userId, deviceEpoch }: DeviceOwner, id: Uint8Array): Buffer {
  return hmacSha256(key, "epoch\0", userId, "\0", String(deviceEpoch), "\0", id).subarray(0, sealBytes);
}

/** Of marks without date and epoch, which are good until the first time that the devices are forgotten. */
function sealOfBefore(key: Uint8Array, userId: string, id: Uint8Array): Buffer {
  return hmacSha256(key, userId, "\0", id).subarray(0, sealBytes);
}
