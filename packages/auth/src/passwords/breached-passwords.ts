import { createHash } from "node:crypto";
import { foldPassword } from "./common-passwords.ts";

/** Bits that are set for each password. */
const positions = 14;

let filter: Uint8Array | undefined;

/** Read when the first password is chosen, since it is larger than all other code. */
export async function readBreachedPasswords(): Promise<Uint8Array> {
  if (filter) return filter;
  const { breachedPasswordFilter } = await import("./breached-passwords.data.js");
  filter = Buffer.from(breachedPasswordFilter, "base64");
  return filter;
}

/**
 * Whether a password was seen in breaches of other services: of 1,260,000 lines of public lists the 611,161 that are left once case, width
 * and accents are folded, and those below eight characters, which their length refuses, are out. A Bloom filter that ships with the package:
 * it asks nobody, and takes one new password in 14,000 for a breached one.
 *
 * @param password of eight code points or more
 */
export async function isBreachedPassword(password: string): Promise<boolean> {
  const held = await readBreachedPasswords();
  const bits = held.length * 8;
  return positionsOf(foldPassword(password), bits).every((bit) => ((held[bit >>> 3] ?? 0) & (1 << (bit & 7))) !== 0);
}

/** A filter for passwords that are folded already; 20 bits each give one false answer in about 14,000. */
export function makeFilter(folded: readonly string[], bitsEach = 20): Uint8Array {
  const made = new Uint8Array(Math.ceil((folded.length * bitsEach) / 8));
  for (const bit of folded.flatMap((word) => positionsOf(word, made.length * 8))) {
    made[bit >>> 3] = (made[bit >>> 3] ?? 0) | (1 << (bit & 7));
  }
  return made;
}

/** Two halves of one digest in place of fourteen hashes (Kirsch and Mitzenmacher, "Less hashing, same performance", 2006). */
function positionsOf(folded: string, bits: number): number[] {
  const digest = createHash("sha256").update(folded).digest();
  const first = digest.readUIntBE(0, 6);
  const step = digest.readUIntBE(6, 4);
  return Array.from({ length: positions }, (_, index) => (first + index * step) % bits);
}
