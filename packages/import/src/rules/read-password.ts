import { kindOf, readStoredPassword, readWeakHash } from "@latchkey/auth/import";
import type { Issue } from "../issue.ts";

/** What is stored of a password: as it is there, in a form that is read here, or with bcrypt still to be put around it. */
export interface ReadPassword {
  readonly encoded: string;
  readonly isWeak: boolean;
  /**
   * Its format and costs, which tell nothing of the password and are kept: never a part of a text that is of no known format, which may be the
   * password itself. Null for none.
   */
  readonly kind: string | null;
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
  if (stored === null || stored === "" || stored.startsWith("!"))
    return { encoded: unusable, isWeak: false, kind: null };
  for (const shape of shapes) {
    const encoded = shape(stored);
    if (encoded !== null && readStoredPassword(encoded)) return { encoded, isWeak: false, kind: kindOf(encoded) };
  }
  const told = { field: "password", value: null };
  const weak = readWeakHash(stored);
  if (weak) {
    const other = "MD5 or SHA-1: stored with bcrypt around it";
    const issue = { ...told, code: "password_legacy", other, proposal: "keep" } as const;
    return { encoded: stored, isWeak: true, kind: weak.algorithm, issue };
  }
  const other = "is of no format that can be checked, or too costly to check";
  const issue = { ...told, code: "password_unreadable", other, proposal: "drop" } as const;
  return { encoded: unusable, isWeak: false, kind: "unreadable", issue };
}
