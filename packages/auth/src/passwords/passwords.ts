import { bcryptSha256Prefix, hashBcryptSha256 } from "./bcrypt.ts";
import { readStoredPassword } from "./django.ts";
import { createEvenWork } from "./even-work.ts";
import { createHashGate, type HashGateOptions } from "./hash-gate.ts";

export interface PasswordsOptions extends Omit<HashGateOptions, "now"> {
  /** The base-2 logarithm of bcrypt's rounds, 4 to 15. */
  readonly cost: number;
}

export interface PasswordCheck {
  readonly matches: boolean;
  /** The password is right, and should be stored anew: another format, another cost, or Unicode in another form. */
  readonly needsRehash: boolean;
  /** False when no password can fit what is stored, or nothing is. */
  readonly isUsable: boolean;
}

/** Every operation waits for its turn in one gate. All throw AuthError `overloaded` when too many wait. */
export interface Passwords {
  /** `bcrypt_sha256$$2b$12$…` of the password in NFC: Django's own encoding. */
  hash(password: string): Promise<string>;
  /**
   * Checks a password against any of Django's encodings, or against null for an account that does not exist.
   *
   * The work depends on what was typed and never on what is stored, or whether it fits, unless the stored hash alone costs more
   * than one of ours. What was typed in another form than NFC is tried in both, at twice the work: Django does not normalise,
   * and its `bcrypt_sha256` looks like ours.
   */
  verify(password: string, encoded: string | null): Promise<PasswordCheck>;
  /** Throws AuthError `overloaded` when the others would at this moment, before anything is done for them in vain. */
  requireRoom(): void;
}

/**
 * @example
 * const passwords = createPasswords({ cost: 12, concurrency: 2, queueLimit: 64 });
 * const encoded = await passwords.hash("correct horse");
 * (await passwords.verify("correct horse", encoded)).matches; // true
 */
export function createPasswords({ cost, ...gateOptions }: PasswordsOptions): Passwords {
  if (!Number.isInteger(cost) || cost < 4 || cost > 15) throw new RangeError("The password cost is not 4 to 15");
  const gate = createHashGate(gateOptions);
  const evenWork = createEvenWork(cost);
  const currentPrefix = bcryptSha256Prefix(cost);

  async function check(password: string, encoded: string | null): Promise<PasswordCheck> {
    const stored = encoded === null ? null : readStoredPassword(encoded);
    const isCurrent = stored !== null && encoded?.startsWith(currentPrefix) === true;

    async function matchesForm(form: string): Promise<boolean> {
      if (stored && isCurrent) return evenWork.measure(() => stored.matches(form));
      const startedAt = performance.now();
      const matches = stored !== null && (await stored.matches(form));
      // A cheap hash, or none, would answer sooner and so tell a stranger which accounts exist.
      await evenWork.spendRest(form, stored ? performance.now() - startedAt : 0);
      return matches;
    }

    const normalized = password.normalize("NFC");
    const matchesNormalized = await matchesForm(normalized);
    const matchesTyped = password !== normalized && (await matchesForm(password));
    const matches = matchesNormalized || matchesTyped;
    return { matches, needsRehash: matches && !(isCurrent && matchesNormalized), isUsable: stored !== null };
  }

  return {
    hash: (password) => gate.run(() => evenWork.measure(() => hashBcryptSha256(password.normalize("NFC"), cost))),
    verify: (password, encoded) => gate.run(() => check(password, encoded)),
    requireRoom: gate.requireRoom,
  };
}
