import { randomBytes } from "node:crypto";
import { equalInConstantTime, hmacSha256 } from "../secrets.ts";

const idBytes = 16;
const sealBytes = 16;

/** A device that somebody has signed in with. */
export interface KnownDevice {
  /** 128 random bits, hexadecimal. */
  readonly id: string;
  /** What the device keeps and shows at its next sign-in: 43 characters of base64url. */
  readonly mark: string;
}

/**
 * Makes the mark of a device for one user. It lets nobody in: it only shows that somebody signed in as that user with this device
 * before, so that strangers who guess do not keep its owner out.
 */
export function createDeviceToken(key: Uint8Array, userId: string, id: string | null): KnownDevice {
  const bytes = id === null ? randomBytes(idBytes) : Buffer.from(id, "hex");
  const mark = Buffer.concat([bytes, seal(key, userId, bytes)]).toString("base64url");
  return { id: bytes.toString("hex"), mark };
}

/** The id of the device that shows a mark, or null when it is not one of that user's by any of the keys. */
export function readDeviceToken(keys: readonly Uint8Array[], userId: string, mark: string): string | null {
  const bytes = Buffer.from(mark, "base64url");
  if (bytes.length !== idBytes + sealBytes) return null;
  const id = bytes.subarray(0, idBytes);
  const isGenuine = keys.some((key) => equalInConstantTime(bytes.subarray(idBytes), seal(key, userId, id)));
  return isGenuine ? id.toString("hex") : null;
}

function seal(key: Uint8Array, userId: string, id: Uint8Array): Buffer {
  return hmacSha256(key, userId, "\0", id).subarray(0, sealBytes);
}
