import { isBreachedPassword, readBreachedPasswords } from "./breached-passwords.ts";
import { isCommonPassword, isDecoratedCommonPassword, readCommonWords } from "./common-passwords.ts";

/** The longest password, in code points; NIST SP 800-63B-4 §3.1.1.2 asks for 64 at least. */
export const maximumPasswordLength = 256;

export type PasswordRejectionReason =
  | "invalid_characters"
  | "too_short"
  | "too_long"
  | "too_common"
  | "breached"
  | "contains_identifier";

export interface PasswordRejection {
  readonly reason: PasswordRejectionReason;
  /** Fit for a person; holds nothing of the password. */
  readonly message: string;
}

export interface PasswordPolicy {
  /** Code points. */
  readonly minLength: number;
  /** The person's own: username, phone number, e-mail address, names. */
  readonly identifiers: readonly (string | null)[];
  /** What else the service is called; `latchkey` always counts. */
  readonly serviceNames?: readonly string[];
}

/**
 * Why a new password is refused, or null. Length is counted in code points of its NFC form; white space counts and stays; no
 * kind of character is asked for. Passwords that are already stored are not judged.
 *
 * A password is too common when it is one of the 42,000 commonest, or becomes one without `1`, `!`, `123`, a year and the like at its
 * ends. It is breached when it is one of 611,161 that came to light in breaches of other services. Case, width and accents do not count.
 *
 * A password is too close to an identifier when, with every one of them taken out, four characters or fewer are left: a year
 * is not a secret. Case, accents and separators (`. - _` and the like) do not count; a phone number counts without its
 * country code too; names of one letter are left in.
 *
 * @example
 * (await checkPassword("alice1984", { minLength: 8, identifiers: ["alice"] }))?.reason; // "contains_identifier"
 */
export async function checkPassword(password: string, policy: PasswordPolicy): Promise<PasswordRejection | null> {
  if (!password.isWellFormed() || password.includes("\0")) return rejections.invalidCharacters;
  const normalized = password.normalize("NFC");
  const { length } = [...normalized];
  if (length < policy.minLength) return tooShort(policy.minLength);
  if (length > maximumPasswordLength) return rejections.tooLong;
  if (await isCommonPassword(normalized)) return rejections.tooCommon;
  const names = ["latchkey", ...(policy.serviceNames ?? []), ...policy.identifiers];
  if (isMostlyNames(normalized, names)) return rejections.containsIdentifier;
  if (await isDecoratedCommonPassword(normalized)) return rejections.tooCommon;
  return (await isBreachedPassword(normalized)) ? rejections.breached : null;
}

/** Reads the lists that {@link checkPassword} looks in, so that the first who chooses a password does not wait for them. */
export async function readPasswordLists(): Promise<void> {
  await Promise.all([readCommonWords(), readBreachedPasswords()]);
}

const rejections = {
  invalidCharacters: { reason: "invalid_characters", message: "The password holds a character that cannot be used" },
  tooLong: { reason: "too_long", message: `Use ${maximumPasswordLength} characters or fewer` },
  tooCommon: { reason: "too_common", message: "Too many people use this password; choose another one" },
  breached: {
    reason: "breached",
    message: "This password came to light in a breach of another service; choose another one",
  },
  containsIdentifier: {
    reason: "contains_identifier",
    message: "The password is too close to your own name, number or address, or to the name of this service",
  },
} as const satisfies Record<string, PasswordRejection>;

function tooShort(minLength: number): PasswordRejection {
  return { reason: "too_short", message: `Use ${minLength} characters or more` };
}

const decoration = 4;

function isMostlyNames(password: string, names: readonly (string | null)[]): boolean {
  const folded = fold(password);
  const parts = names.flatMap((name) => (name === null ? [] : partsOf(name)));
  // Separators are folded away, so a space stands for what was taken out and joins nothing.
  const rest = parts.sort((a, b) => b.length - a.length).reduce((text, part) => text.replaceAll(part, " "), folded);
  return rest !== folded && [...rest.replaceAll(" ", "")].length <= decoration;
}

const separators = /[\s._\-+@/()]+/u;

/** `mehmet.yilmaz@example.org` is known as mehmetyilmaz, mehmet and yilmaz; a number also without one to three first digits. */
function partsOf(name: string): string[] {
  const [local = ""] = name.split("@", 1);
  const whole = fold(local);
  const national = /^\d{7,}$/.test(whole) ? [1, 2, 3].map((digits) => whole.slice(digits)) : [];
  return [whole, ...national, ...local.split(separators).map(fold)].filter((part) => [...part].length > 1);
}

function fold(text: string): string {
  const bare = text
    .toLowerCase()
    .normalize("NFKD")
    .replace(/[\u0300-\u036f]/g, "");
  return bare.normalize("NFC").replaceAll(new RegExp(separators, "gu"), "");
}
