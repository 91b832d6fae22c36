import { pbkdf2 } from "node:crypto";
import { promisify } from "node:util";
import { deriveArgon2 } from "./argon2.ts";
import { bcrypt, bcryptMd5, bcryptSha1, bcryptSha256 } from "./bcrypt.ts";
import { type PasswordHasher, type StoredPassword, storedAs } from "./hasher.ts";
import { hashersOfOthers } from "./other-systems.ts";
import { maximumIterations } from "./pbkdf2.ts";
import { deriveScrypt, isAffordableScrypt } from "./scrypt.ts";

const derivePbkdf2 = promisify(pbkdf2);

/** argon2: KiB, so 256 MiB. */
const maximumArgon2Memory = 2 ** 18;
/** argon2: KiB times passes; about four seconds. */
const maximumArgon2Work = 2 ** 21;
/** argon2 starts its threads anew for each of these: with little memory and many passes that alone takes minutes. */
const maximumArgon2Passes = 32;
/** argon2 starts a thread for each. */
const maximumParallelism = 16;

const number = String.raw`([1-9]\d{0,9})`;
const base64 = "([A-Za-z0-9+/]+)";

const pbkdf2Format = new RegExp(String.raw`^\w+\$${number}\$([^$]+)\$${base64}={0,2}$`);
const scryptFormat = new RegExp(String.raw`^scrypt\$${number}\$([^$]+)\$${number}\$${number}\$${base64}={0,2}$`);
const argon2Format = new RegExp(
  String.raw`^argon2\$(argon2(?:id|i|d))\$v=19\$m=${number},t=${number},p=${number}\$${base64}\$${base64}$`,
);

/**
 * The formats that Django writes, its weakest ones with bcrypt around them, and those of other systems. Django's salts of PBKDF2 and scrypt
 * are used as their text, argon2's is decoded.
 */
const hashers: readonly PasswordHasher[] = [
  bcryptSha256,
  bcrypt,
  bcryptMd5,
  bcryptSha1,
  { algorithm: "pbkdf2_sha256", read: (encoded) => readPbkdf2(encoded, { digest: "sha256", length: 32 }) },
  { algorithm: "pbkdf2_sha1", read: (encoded) => readPbkdf2(encoded, { digest: "sha1", length: 20 }) },
  { algorithm: "scrypt", read: readScrypt },
  { algorithm: "argon2", read: readArgon2 },
  ...hashersOfOthers,
];

const hashersByAlgorithm = new Map(hashers.map((hasher) => [hasher.algorithm, hasher]));

/** As long as the column that holds it. */
const maximumLength = 512;

/**
 * Reads what Django keeps in `auth_user.password`, or what an import keeps of another system's. Null when no password can fit it: empty, marked unusable with `!`, of
 * another format, malformed, or too costly to check. argon2 before version 1.3 (`v=19`) is another format. Never throws.
 *
 * @example
 * await readStoredPassword("pbkdf2_sha256$600000$salt$…")?.matches("correct horse");
 */
export function readStoredPassword(encoded: string): StoredPassword | null {
  if (encoded.length > maximumLength) return null;
  const [algorithm = ""] = encoded.split("$", 1);
  return hashersByAlgorithm.get(algorithm)?.read(encoded) ?? null;
}

interface Pbkdf2Variant {
  readonly digest: "sha256" | "sha1";
  readonly length: number;
}

function readPbkdf2(encoded: string, { digest, length }: Pbkdf2Variant): StoredPassword | null {
  const [, iterationText, salt, hash] = pbkdf2Format.exec(encoded) ?? [];
  if (salt === undefined || hash === undefined) return null;
  const iterations = Number(iterationText);
  const expected = Buffer.from(hash, "base64");
  if (iterations > maximumIterations || expected.length !== length) return null;
  return storedAs(expected, (password) => derivePbkdf2(password, salt, iterations, length, digest));
}

function readScrypt(encoded: string): StoredPassword | null {
  const [, workFactor, salt, blockSize, parallelism, hash] = scryptFormat.exec(encoded) ?? [];
  if (salt === undefined || hash === undefined) return null;
  const parameters = { N: Number(workFactor), r: Number(blockSize), p: Number(parallelism) };
  const expected = Buffer.from(hash, "base64");
  if (!isAffordableScrypt(parameters) || expected.length !== 64) return null;
  return storedAs(expected, (password) => deriveScrypt(password, salt, parameters));
}

function readArgon2(encoded: string): StoredPassword | null {
  const [, variant, memoryText, passesText, lanesText, salt, hash] = argon2Format.exec(encoded) ?? [];
  if (!isArgon2Variant(variant) || salt === undefined || hash === undefined) return null;
  const nonce = Buffer.from(salt, "base64");
  const expected = Buffer.from(hash, "base64");
  const cost = { memory: Number(memoryText), passes: Number(passesText), parallelism: Number(lanesText) };
  if (!isAffordableArgon2(cost) || nonce.length < 8 || expected.length < 16) return null;
  return storedAs(expected, (message) =>
    deriveArgon2(variant, { ...cost, message, nonce, tagLength: expected.length }),
  );
}

interface Argon2Cost {
  readonly memory: number;
  readonly passes: number;
  readonly parallelism: number;
}

function isAffordableArgon2({ memory, passes, parallelism }: Argon2Cost): boolean {
  if (memory > maximumArgon2Memory || memory * passes > maximumArgon2Work) return false;
  if (passes > maximumArgon2Passes || parallelism > maximumParallelism) return false;
  // RFC 9106 §3.1: eight KiB a lane at least.
  return memory >= 8 * parallelism;
}

function isArgon2Variant(variant: string | undefined): variant is "argon2id" | "argon2i" | "argon2d" {
  return variant === "argon2id" || variant === "argon2i" || variant === "argon2d";
}
