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
const groups = 6;
const groupLength = 5;

export function createCode(): OneTimeCode {
  const group = () => Array.from({ length: groupLength }, () => alphabet.charAt(randomInt(alphabet.length))).join("");
  const text = Array.from({ length: groups }, group).join("-");
  return { text, hash: hashCode(text) };
}

/** The hash of a code as a person types it: in any case, with or without dashes, O for 0 and I or L for 1. */
export function hashCode(typed: string): Buffer {
  const code = typed.toUpperCase().replace(/[\s-]/g, "").replaceAll("O", "0").replace(/[IL]/g, "1");
  return sha256(Buffer.from(code));
}
