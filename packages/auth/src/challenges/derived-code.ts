import { randomBytes } from "node:crypto";
import { equalInConstantTime, hmacSha256, sha256 } from "../secrets.ts";

/** How long a code is: ten digits once many wrong ones were tried for its address. */
export type Digits = 6 | 10;

/** What a code is bound to. */
export interface CodeBinding {
  readonly id: string;
  readonly purpose: string;
  /** In its canonical form; null where nothing is sent to anybody. */
  readonly address: string | null;
}

/** A key that codes are derived with. It is in no table. */
export interface CodeKey {
  /** Says which key it is, and nothing of it: 16 hexadecimal digits. */
  readonly id: string;
  readonly key: Uint8Array;
}

export function toCodeKey(key: Uint8Array): CodeKey {
  return { id: hmacSha256(key, "id").toString("hex", 0, 8), key };
}

/**
 * The code of a challenge: the first 48 bits of HMAC-SHA-256 over what it is bound to, as decimal digits. It is derived and not
 * stored, so that each resend and each channel carries the same one, and nothing that is stored can be read into a code.
 */
export function deriveCode({ key }: CodeKey, { id, purpose, address }: CodeBinding, digits: Digits): string {
  const bits = hmacSha256(key, "code\0", purpose, "\0", id, "\0", address ?? "").readUIntBE(0, 6);
  return String(bits % 10 ** digits).padStart(digits, "0");
}

/** Whether a code is what somebody typed, in a time that says nothing of how much of it was right. */
export function isCode(expected: string, typed: string): boolean {
  return equalInConstantTime(sha256(Buffer.from(expected)), sha256(Buffer.from(typed)));
}

const zeros = [..."0٠۰߀०০੦૦୦௦౦೦൦෦๐໐༠၀႐០᠐᥆᧐᪀᪐᭐᮰᱀᱐꘠꣐꤀꧐꧰꩐꯰０"].map((zero) => zero.codePointAt(0) ?? 0);

/** The digits of what somebody typed, in any script and with spaces or dashes between; null for anything else. */
export function readDigits(typed: string): string | null {
  let digits = "";
  for (const character of typed.slice(0, 64).replace(/[\s\p{Cf}\p{Pd}]/gu, "")) {
    const point = character.codePointAt(0) ?? 0;
    const zero = zeros.find((start) => point >= start && point <= start + 9);
    if (zero === undefined) return null;
    digits += point - zero;
  }
  return digits.length === 6 || digits.length === 10 ? digits : null;
}

/** What its starter alone holds: 128 random bits as 22 characters of base64url. */
export function createHandle(): string {
  return randomBytes(16).toString("base64url");
}

export function hashHandle(handle: string): Buffer {
  return sha256(Buffer.from(handle));
}
