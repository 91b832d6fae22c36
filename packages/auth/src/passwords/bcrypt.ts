import { createHash } from "node:crypto";
import { hash, parseOptions, verify } from "@node-rs/bcrypt";
import type { PasswordHasher } from "./hasher.ts";

/** At cost 16 one verification takes about five seconds. */
const maximumCost = 16;

/** bcrypt looks at no more of its key. */
const maximumBytes = 72;

const bcryptFormat = /^\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}$/;

/** Django's `BCryptSHA256PasswordHasher`: bcrypt of the hexadecimal SHA-256, so that neither 72 bytes nor NUL is an end. */
export const bcryptSha256: PasswordHasher = {
  algorithm: "bcrypt_sha256",
  read(encoded) {
    const bcryptHash = readBcrypt("bcrypt_sha256$", encoded);
    return bcryptHash === null ? null : { matches: (password) => verify(hexSha256(password), bcryptHash) };
  },
};

/** Django's `BCryptPasswordHasher`: plain bcrypt, which looks at the first {@link maximumBytes} only. */
export const bcrypt: PasswordHasher = {
  algorithm: "bcrypt",
  read(encoded) {
    const bcryptHash = readBcrypt("bcrypt$", encoded);
    if (bcryptHash === null) return null;
    return { matches: (password) => matchesBcrypt(password, bcryptHash), byteLimit: maximumBytes };
  },
};

/** `bcrypt_sha256$$2b$12$…`, at most 74 characters. */
export async function hashBcryptSha256(password: string, cost: number): Promise<string> {
  return `bcrypt_sha256$${await hash(hexSha256(password), { cost })}`;
}

/** The kind of every {@link hashBcryptSha256} at this cost. */
export function bcryptSha256Kind(cost: number): string {
  return `bcrypt_sha256$${costPrefix(cost).slice(0, -1)}`;
}

/** Does the work of checking a password against a hash of this cost; the hash is made up, so that nothing fits it. */
export async function verifyDummyHash(password: string, cost: number): Promise<void> {
  await verify(hexSha256(password), `${costPrefix(cost)}${".".repeat(53)}`);
}

function costPrefix(cost: number): string {
  return `$2b$${String(cost).padStart(2, "0")}$`;
}

function readBcrypt(prefix: string, encoded: string): string | null {
  if (!encoded.startsWith(prefix)) return null;
  const bcryptHash = encoded.slice(prefix.length);
  return bcryptFormat.test(bcryptHash) && isAffordable(bcryptHash) ? bcryptHash : null;
}

function isAffordable(bcryptHash: string): boolean {
  try {
    return parseOptions(bcryptHash).cost <= maximumCost;
  } catch {
    // Bits to spare in the salt or the digest: the check would answer at once, without the work.
    return false;
  }
}

async function matchesBcrypt(password: string, bcryptHash: string): Promise<boolean> {
  // bcrypt repeats its key with a NUL after it: `a` and `a\0a` would be one password. Django refuses NUL here too.
  return !password.includes("\0") && (await verify(password, bcryptHash));
}

function hexSha256(password: string): string {
  return createHash("sha256").update(password, "utf8").digest("hex");
}
