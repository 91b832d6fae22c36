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

const wrappedFormat = /^(bcrypt_(?:md5|sha1)\$)(\$2.{58})\$([^$]{0,128})$/;

/**
 * Another system's MD5 or SHA-1 of salt and password, in hexadecimal, with bcrypt around it: `bcrypt_sha1$$2b$12$…$salt`. The weak digest
 * itself is never stored.
 */
const wrapped = (algorithm: WeakDigest): PasswordHasher => ({
  algorithm: `bcrypt_${algorithm}`,
  read(encoded) {
    const [, prefix = "", bare = "", salt = ""] = wrappedFormat.exec(encoded) ?? [];
    const bcryptHash = prefix === "" ? null : readBcrypt(prefix, prefix + bare);
    if (bcryptHash === null) return null;
    const digest = (password: string) =>
      createHash(algorithm)
        .update(salt + password, "utf8")
        .digest("hex");
    return { matches: (password) => verify(digest(password), bcryptHash) };
  },
});

export const bcryptMd5 = wrapped("md5");
export const bcryptSha1 = wrapped("sha1");

export type WeakDigest = "md5" | "sha1";

/** Puts bcrypt around a weak digest, in lower-case hexadecimal, that another system stored. */
export async function wrapWeakDigest({ algorithm, salt, digest }: WeakHash, cost: number): Promise<string> {
  return `bcrypt_${algorithm}$${await hash(digest, { cost })}$${salt}`;
}

export interface WeakHash {
  readonly algorithm: WeakDigest;
  readonly salt: string;
  readonly digest: string;
}

const weakFormats: readonly (readonly [RegExp, WeakDigest])[] = [
  [/^(?:md5\$(?<salt>[^$]{0,128})\$)?(?<digest>[0-9a-f]{32})$/i, "md5"],
  [/^(?:sha1\$(?<salt>[^$]{0,128})\$)?(?<digest>[0-9a-f]{40})$/i, "sha1"],
];

/** Reads what Django once wrote, with and without a salt, and a bare digest: MD5 or SHA-1 of salt and password. Null for anything else. */
export function readWeakHash(encoded: string): WeakHash | null {
  for (const [format, algorithm] of weakFormats) {
    const { salt = "", digest } = format.exec(encoded)?.groups ?? {};
    if (digest !== undefined) return { algorithm, salt, digest: digest.toLowerCase() };
  }
  return null;
}

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
