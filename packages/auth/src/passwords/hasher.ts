import { timingSafeEqual } from "node:crypto";

/** A stored password that has been read and found affordable. */
export interface StoredPassword {
  /** Whether `password`, exactly as given, is the one that was stored. Digests are compared in constant time. */
  matches(password: string): Promise<boolean>;
  /** How many bytes of a password are looked at, where that is not all of them. */
  readonly byteLimit?: number;
}

/** One format of stored passwords. Django names it before the first `$` of the encoded text. */
export interface PasswordHasher {
  readonly algorithm: string;
  /** Null when the text is malformed, or asks for more than a few seconds or 256 MiB. Never throws. */
  read(encoded: string): StoredPassword | null;
}

/** A digest that a password derives, compared in constant time. */
export function storedAs(expected: Buffer, derive: (password: string) => Promise<Buffer>): StoredPassword {
  return { matches: async (password) => timingSafeEqual(await derive(password), expected) };
}
