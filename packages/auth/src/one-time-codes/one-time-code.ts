import { randomInt } from "node:crypto";
import { sha256 } from "../secrets.ts";

/** What a code is good for. */
export type CodePurpose = "set_password" | "prove_phone" | "prove_email";

/** A code as it is shown once, and what is stored of it. */
export interface OneTimeCode {
  /** Six groups of five letters and digits: 150 random bits, too many to guess, also for whoever has the hash. */
  readonly text: string;
  readonly hash: Buffer;
}

/** Crockford's base 32: no letters that look like digits. */
const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const groupLength = 5;

/** Of 25 bits each. */
const groupCount = 6;

export function createCode(): OneTimeCode {
  const group = () => Array.from({ length: groupLength }, () => alphabet.charAt(randomInt(alphabet.length))).join("");
  const text = Array.from({ length: groupCount }, group).join("-");
  return { text, hash: hashCode(text) };
}

/** The hash of a code as a person types it: in any case and width, with or without dashes, O for 0 and I or L for 1. */
export function hashCode(typed: string): Buffer {
  const letters = typed.normalize("NFKC").toUpperCase();
  const code = letters
    .replace(/[\s\p{Pd}\p{Cf}]/gu, "")
    .replaceAll("O", "0")
    .replace(/[IİL]/g, "1");
  return sha256(Buffer.from(code));
}
