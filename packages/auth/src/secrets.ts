import { createCipheriv, createDecipheriv, createHash, createHmac, hkdfSync, randomBytes } from "node:crypto";

export { timingSafeEqual as equalInConstantTime } from "node:crypto";

/** A UUID of version 7 (RFC 9562 §5.7): the millisecond, and 74 random bits. Node.js 24 has none of its own. */
export function randomUUIDv7(): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(Date.now(), 0, 6);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x70, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/** What each derived key is for; one purpose never shares a key with another. */
export type KeyPurpose =
  | "signing-keys"
  | "refresh-tokens"
  | "throttles"
  | "device-marks"
  | "backups"
  | "codes"
  | "passkeys"
  | "messages"
  | "second-factors"
  | "sealed-keys"
  | "adopted-tokens"
  | "pending-changes"
  | "audit-seals";

/** A 256-bit key for one purpose, derived from the service's secret with HKDF-SHA256 (RFC 5869). */
export function deriveKey(secret: string, purpose: KeyPurpose): Buffer {
  return Buffer.from(hkdfSync("sha256", secret, "", `latchkey/${purpose}`, 32));
}

/** Enough to know a secret again, and nothing that is of use without it: 16 hexadecimal digits. */
export function fingerprintOf(secret: string): string {
  return deriveKey(secret, "backups").toString("hex", 0, 8);
}

/** A new secret of 256 random bits as base64url text. */
export function createSecret(): string {
  return randomBytes(32).toString("base64url");
}

export function sha256(data: Uint8Array): Buffer {
  return createHash("sha256").update(data).digest();
}

export function hmacSha256(key: Uint8Array, ...parts: readonly (Uint8Array | string)[]): Buffer {
  const mac = createHmac("sha256", key);
  for (const part of parts) mac.update(part);
  return mac.digest();
}

const nonceBytes = 12;
const tagBytes = 16;

/** Encrypts with AES-256-GCM; `context` is bound to the result, so that a sealed value cannot be moved elsewhere. */
export function seal(key: Uint8Array, plaintext: Uint8Array, context: string): Buffer {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(Buffer.from(context));
  const body = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return Buffer.concat([nonce, body, cipher.getAuthTag()]);
}

/** The plaintext of {@link seal}. Throws when the key, the context or a single bit is not the one that was sealed. */
export function unseal(key: Uint8Array, sealed: Uint8Array, context: string): Buffer {
  const nonce = sealed.subarray(0, nonceBytes);
  const body = sealed.subarray(nonceBytes, -tagBytes);
  const decipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: tagBytes })
    .setAAD(Buffer.from(context))
    .setAuthTag(sealed.subarray(-tagBytes));
  return Buffer.concat([decipher.update(body), decipher.final()]);
}

const exampleWords = /change.?me|example|insecure|password|placeholder|replace|secret.?key|your.?secret|latchkey/i;

/** Why a secret is too weak to start with, or null. Looks for length, examples and a small alphabet; it cannot prove strength. */
export function findSecretWeakness(secret: string): string | null {
  if (Buffer.byteLength(secret) < 32) return "is shorter than 32 bytes";
  if (exampleWords.test(secret)) return "looks like an example";
  if (bitsPerCharacter(secret) < 3) return "is not random enough";
  return null;
}

/** Shannon entropy of the text's own characters: 4 for random hexadecimal, near 5 for 32 random base64url characters. */
function bitsPerCharacter(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  const total = [...text].length;
  return [...counts.values()].reduce((bits, count) => bits - (count / total) * Math.log2(count / total), 0);
}
