import { randomBytes, randomUUID } from "node:crypto";

/** Bytes in front that hold the number; the rest are random but for six bits. */
const numberBytes = 4;

/**
 * Makes the `jti` of an access token: a UUIDv8 (RFC 9562 §5.8) of the number of its session's rotation and 90 random bits. It says
 * which answer of a session a token came with, which no clock can. Null for a token that came with none: a UUIDv4.
 */
export function createTokenId(rotation: number | null): string {
  if (rotation === null) return randomUUID();
  const bytes = randomBytes(16);
  bytes.writeUInt32BE(rotation, 0);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** The number in a token's `jti`; null for one that came with no answer of its session, and one of a version before. */
export function readRotation(tokenId: string): number | null {
  const isNumbered = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(tokenId);
  return isNumbered ? Number.parseInt(tokenId.slice(0, numberBytes * 2), 16) : null;
}
