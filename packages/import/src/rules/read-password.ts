import { kindOf, readStoredPassword, readWeakHash } from "@latchkey/auth/import";
import type { Issue } from "../issue.ts";

/** What is stored of a password: as it is there, in a form that is read here, or with bcrypt still to be put around it. */
export interface ReadPassword {
  readonly encoded: string;
  readonly isWeak: boolean;
  readonly issue?: Issue;
}

/** No password fits it. */
export const unusable = "!";

const phc = /^\$(?<name>[a-z0-9-]+)\$(?<costs>[a-z0-9=,]+)\$(?<salt>[A-Za-z0-9+/.]+)\$(?<digest>[A-Za-z0-9+/.]+)$/;

/** scrypt and PBKDF2 in the form of the Password Hashing Competition, and as passlib writes the latter. */
function fromPhc(text: string): string | null {
  const { name = "", costs = "", salt = "", digest = "" } = phc.exec(text)?.groups ?? {};
  // passlib writes a dot where base64 has a plus.
  const rest = [salt, digest].map((part) => part.replaceAll(".", "+")).join("$");
  const [, log, r, p] = /^ln=(\d{1,2}),r=(\d+),p=(\d+)$/.exec(costs) ?? [];
  if (name === "scrypt" && log !== undefined) return `scrypt_bytes$${2 ** Number(log)},${r},${p}$${rest}`;
  const [, iterations] = /^(?:i=)?(\d+)(?:,l=\d+)?$/.exec(costs) ?? [];
  const [, hash] = /^pbkdf2(?:-(sha1|sha256|sha512))?$/.exec(name) ?? [null];
  if (hash === null || iterations === undefined) return null;
  return `pbkdf2_bytes$${hash ?? "sha1"},${iterations}$${rest}`;
}

const shapes: readonly ((text: string) => string | null)[] = [
  (text) => text,
  // bcrypt and argon2 by themselves, as most libraries write them.
  (text) => (/^\$2[aby]\$/.test(text) ? `bcrypt$${text}` : null),
  (text) => (/^\$argon2(id|i|d)\$/.test(text) ? `argon2${text}` : null),
  fromPhc,
  // better-auth: scrypt of 16384, 16, 1, with the salt's hexadecimal text as the salt.
  (text) => {
    const [, salt, key = ""] = /^([0-9a-f]{32}):([0-9a-f]{128})$/.exec(text) ?? [];
    return salt === undefined ? null : `scrypt_nfkc$16384,16,1$${salt}$${Buffer.from(key, "hex").toString("base64")}`;
  },
];

/** Reads the hash that another system stored. What no password can fit is no reason to leave its person behind. */
export function readPassword(stored: string | null): ReadPassword {
  if (stored === null || stored === "" || stored.startsWith("!")) return { encoded: unusable, isWeak: false };
  for (const shape of shapes) {
    const encoded = shape(stored);
    if (encoded !== null && readStoredPassword(encoded)) return { encoded, isWeak: false };
  }
  const told = { field: "password", value: null };
  if (readWeakHash(stored)) {
    const other = "MD5 or SHA-1: stored with bcrypt around it";
    return { encoded: stored, isWeak: true, issue: { ...told, code: "password_legacy", other, proposal: "keep" } };
  }
  const other = "is of no format that can be checked, or too costly to check";
  return { encoded: unusable, isWeak: false, issue: { ...told, code: "password_unreadable", other, proposal: "drop" } };
}

/** The kind of a hash there: its format and costs, which say nothing of the password. */
export function passwordKindOf(stored: string | null): string | null {
  return stored === null || stored === "" || stored.startsWith("!") ? null : kindOf(stored);
}
