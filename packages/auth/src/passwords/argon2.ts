import crypto, { randomBytes } from "node:crypto";
import { promisify } from "node:util";
import { StartError } from "../errors.ts";

/** Not imported by its name: a Node.js that does not have it would end before it could say so. */
export const deriveArgon2 = (algorithm: "argon2d" | "argon2i" | "argon2id", parameters: crypto.Argon2Parameters) =>
  promisify(crypto.argon2)(algorithm, parameters);

/** @throws StartError on a Node.js that has no argon2: in other ways too, what is written here is not for it */
export function requireNode(): void {
  if (!("argon2" in crypto)) throw new StartError(`Node.js ${process.versions.node} is too old: use 24.7 or later`);
}

/** What one hash costs. */
export interface Argon2Cost {
  /** KiB. */
  readonly memory: number;
  readonly passes: number;
  /** With one lane no thread is started beside the one that waits in the semaphore. */
  readonly parallelism: 1;
}

/** Three passes over so much memory: RFC 9106 §4 with one lane, and above what OWASP asks for from 19 MiB on. */
export const argon2CostOf = (mebibytes: number): Argon2Cost => ({
  memory: mebibytes * 1_024,
  passes: 3,
  parallelism: 1,
});

const encode = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64").replace(/=+$/, "");

/** `argon2$argon2id$v=19$m=65536,t=3,p=1$…`, which is Django's own encoding, under 128 random bits of salt. */
export async function hashArgon2id(password: string, cost: Argon2Cost): Promise<string> {
  const nonce = randomBytes(16);
  const tag = await deriveArgon2("argon2id", { ...cost, message: password, nonce, tagLength: 32 });
  return `${argon2idKind(cost)}$${encode(nonce)}$${encode(tag)}`;
}

/** The kind of every {@link hashArgon2id} at this cost. */
export function argon2idKind({ memory, passes, parallelism }: Argon2Cost): string {
  return `argon2$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}`;
}

/** A hash of that kind which is made up, so that nothing fits it: what is checked for somebody who has none. */
export function unmatchedArgon2id(cost: Argon2Cost): string {
  return `${argon2idKind(cost)}$${encode(Buffer.alloc(16))}$${encode(Buffer.alloc(32))}`;
}

/**
 * A Node.js that was built with an older OpenSSL knows the function and not the algorithm.
 *
 * @throws StartError
 */
export function requireArgon2(): void {
  try {
    crypto.argon2Sync("argon2id", {
      memory: 8,
      passes: 1,
      parallelism: 1,
      message: "",
      nonce: Buffer.alloc(8),
      tagLength: 16,
    });
  } catch (cause) {
    throw new StartError("This Node.js cannot compute argon2id: use one from nodejs.org or npm, of 24.7 or later", {
      cause,
    });
  }
}
