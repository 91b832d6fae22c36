import { argon2CostOf, argon2idKind, hashArgon2id, requireArgon2, requireNode, unmatchedArgon2id } from "./argon2.ts";
import { bcryptSha256Kind, hashBcryptSha256, verifyDummyHash } from "./bcrypt.ts";
import { createConstantWork } from "./constant-work.ts";
import { readStoredPassword } from "./django.ts";
import { kindOf } from "./hash-format.ts";
import { type Crowd, createHashSemaphore, type HashLoad, type HashSemaphoreOptions } from "./hash-semaphore.ts";
import type { StoredPassword } from "./hasher.ts";
import { hashPbkdf2Sha256, iterationsOf, pbkdf2Sha256Kind, unmatchedPbkdf2Sha256 } from "./pbkdf2.ts";
import { createRecentMedian } from "./rolling-median.ts";

export interface PasswordsOptions extends Omit<HashSemaphoreOptions, "now"> {
  /** The base-2 logarithm of bcrypt's rounds, 4 to 15. */
  readonly cost: number;
  readonly format?: PasswordFormat;
  /** MiB of a hash of argon2id. */
  readonly memory?: number;
}

/** How passwords are stored from now on. */
export type PasswordFormat = "bcrypt_sha256" | "pbkdf2_sha256" | "argon2id";

/** What goes on with passwords. */
export interface PasswordLoad extends HashLoad {
  /** Accounts whose hash is moved at their next sign-in, as they were last counted; null before that. */
  readonly foreign: number | null;
}

/** Of all accounts whose hashes cost the same. */
export interface StoredKind {
  /** What they begin with, or one of these hashes. */
  readonly kind: string;
  readonly count: number;
}

export interface PasswordCheck {
  readonly matches: boolean;
  /** The password is right, all of it was checked, and should be stored anew: another format, another cost, or Unicode in another form. */
  readonly needsRehash: boolean;
  /** False when no password can fit what is stored, or nothing is. */
  readonly isUsable: boolean;
}

/**
 * Every operation waits for its turn in one semaphore, in which crowds, such as everybody at one address, take turns. All throw AuthError
 * `overloaded` when too many wait.
 */
export interface Passwords {
  /**
   * `bcrypt_sha256$$2b$12$…` or `argon2$argon2id$…` of the password in NFC: Django's own encodings. In the format `pbkdf2_sha256`, which is wanted for a Django, of the
   * password as it was typed: Django does not normalise.
   */
  hash(password: string, crowd?: Crowd): Promise<string>;
  /**
   * Checks a password against any of Django's encodings, or against null for an account that does not exist.
   *
   * The work of a refusal depends on what was typed and never on what is stored, or whether anything is: it is that of the most expensive
   * hash that was learnt of, up to four of ours. What was typed in another form than NFC is tried in both, at twice the work:
   * Django does not normalise, and its `bcrypt_sha256` looks like ours.
   */
  verify(password: string, encoded: string | null, crowd?: Crowd): Promise<PasswordCheck>;
  /**
   * Measures one stored hash of each kind that is new to this process, so that from now on every refusal takes as long as the most expensive.
   *
   * @param kinds what stored hashes begin with; without `findExample` such hashes themselves
   * @param findExample finds a stored hash of a kind; null when there is none any more
   */
  learnCosts(kinds: readonly string[], findExample?: (kind: string) => Promise<string | null>): Promise<void>;
  /** Throws AuthError `overloaded` when the others would at this moment, before anything is done for them in vain. */
  assertCapacity(crowd?: Crowd): void;
  /** Takes note of what is stored, for {@link load}. */
  countForeign(kinds: readonly StoredKind[]): void;
  /** How many hashes are made, wait and were made. */
  load(): PasswordLoad;
  /** Refuses, with AuthError `unavailable`, whatever waits for its turn and whatever comes; what runs goes on to its end. */
  close(): void;
}

/**
 * @example
 * const passwords = createPasswords({ cost: 12, concurrency: 2, queueLimit: 64 });
 * const encoded = await passwords.hash("correct horse");
 * (await passwords.verify("correct horse", encoded)).matches; // true
 */
export function createPasswords({
  cost,
  format: name = "bcrypt_sha256",
  memory = 64,
  ...semaphoreOptions
}: PasswordsOptions): Passwords {
  requireNode();
  if (!Number.isInteger(cost) || cost < 4 || cost > 15) throw new RangeError("The password cost is not 4 to 15");
  const semaphore = createHashSemaphore(semaphoreOptions);
  const constantWork = createConstantWork(cost);
  const unitKind = bcryptSha256Kind(cost);
  const learnt = new Map<string, number>([[unitKind, 1]]);
  const format = formats[name]({ cost, memory, measure: constantWork.measure });
  const currentKind = kindOf(format.kind);
  const decoy = format.unmatched === null ? null : readStoredPassword(format.unmatched);
  let foreign: number | null = null;

  /** Tries one form of a password; `done` is the work of it, in hashes of ours. */
  async function tryForm(form: string, stored: StoredPassword | null, kind: string) {
    if (!stored) return { matches: false, done: 0 };
    if (kind === unitKind) return { matches: await constantWork.measure(() => stored.matches(form)), done: 1 };
    const startedAt = performance.now();
    const matches = await stored.matches(form);
    return { matches, done: learnt.get(kind) ?? constantWork.toHashes(performance.now() - startedAt) };
  }

  async function check(password: string, encoded: string | null): Promise<PasswordCheck> {
    const stored = encoded === null ? null : readStoredPassword(encoded);
    const kind = stored ? kindOf(encoded ?? "") : currentKind;
    const normalized = password.normalize("NFC");
    for (const form of new Set([normalized, password])) {
      const { matches, done } = await tryForm(form, stored ?? decoy, kind);
      if (stored && matches) {
        const isDue = kind !== currentKind || (form !== normalized && format.isNormalized);
        return { matches, needsRehash: isDue && isWhollyChecked(form, stored), isUsable: true };
      }
      // A cheaper hash, or none, would be refused sooner, a dearer one later, and so tell a stranger which accounts exist.
      await constantWork.doRemainingWork(form, done);
    }
    return { matches: false, needsRehash: false, isUsable: stored !== null };
  }

  /** What a check against a stored hash is, in hashes of ours: both by turns, so that whatever else goes on slows both alike. */
  async function measureInHashes(stored: StoredPassword): Promise<number> {
    const ratios = createRecentMedian();
    for (let round = 0; round < 7; round += 1) {
      const theirs = await timeOf(() => stored.matches(""));
      ratios.add(theirs / (await timeOf(() => verifyDummyHash("", cost))));
    }
    return ratios.read() ?? 1;
  }

  async function learn(encoded: string | null): Promise<void> {
    const stored = encoded === null ? null : readStoredPassword(encoded);
    if (encoded === null || !stored) return;
    learnt.set(kindOf(encoded), await semaphore.run(() => measureInHashes(stored), null, formatOf(encoded)));
  }

  return {
    hash: (password, crowd) => semaphore.run(() => format.encode(password), crowd, name),
    verify: (password, encoded, crowd) => semaphore.run(() => check(password, encoded), crowd, formatOf(encoded)),
    async learnCosts(kinds, findExample = async (encoded) => encoded) {
      for (const kind of kinds) if (!learnt.has(kindOf(kind))) await learn(await findExample(kind));
      if (format.unmatched !== null && !learnt.has(kindOf(format.unmatched))) await learn(format.unmatched);
      const present = format.unmatched === null ? kinds : [...kinds, format.unmatched];
      constantWork.setTargetWork(Math.max(1, ...present.map((kind) => learnt.get(kindOf(kind)) ?? 1)));
    },
    countForeign(kinds) {
      foreign = kinds.reduce((sum, { kind, count }) => sum + (kindOf(kind) === currentKind ? 0 : count), 0);
    },
    assertCapacity: semaphore.assertCapacity,
    load: () => ({ ...semaphore.load(), foreign }),
    close: () => semaphore.close(),
  };
}

/** The format of a stored password, by its name; `none` for what is read by no hasher. */
function formatOf(encoded: string | null): string {
  return encoded !== null && readStoredPassword(encoded) ? encoded.slice(0, encoded.indexOf("$")) : "none";
}

interface FormatOptions {
  readonly cost: number;
  readonly memory: number;
  readonly measure: <T>(work: () => Promise<T>) => Promise<T>;
}

/** How passwords are stored. */
interface Format {
  readonly kind: string;
  /** Whether it is of the password in NFC. */
  readonly isNormalized: boolean;
  /** What is checked for somebody who has no password; null where that is a hash of the work that refusals are made even with. */
  readonly unmatched: string | null;
  encode(password: string): Promise<string>;
}

const formats: Readonly<Record<PasswordFormat, (options: FormatOptions) => Format>> = {
  bcrypt_sha256: ({ cost, measure }) => ({
    kind: bcryptSha256Kind(cost),
    isNormalized: true,
    unmatched: null,
    encode: (password) => measure(() => hashBcryptSha256(password.normalize("NFC"), cost)),
  }),
  pbkdf2_sha256({ cost }) {
    const iterations = iterationsOf(cost);
    return {
      kind: pbkdf2Sha256Kind(iterations),
      isNormalized: false,
      unmatched: unmatchedPbkdf2Sha256(iterations),
      encode: (password) => hashPbkdf2Sha256(password, iterations),
    };
  },
  argon2id({ memory }) {
    requireArgon2();
    const cost = argon2CostOf(memory);
    return {
      kind: argon2idKind(cost),
      isNormalized: true,
      unmatched: unmatchedArgon2id(cost),
      encode: (password) => hashArgon2id(password.normalize("NFC"), cost),
    };
  },
};

/** What was not checked may be mistyped, and would lock its owner out if it counted from now on. */
function isWhollyChecked(password: string, stored: StoredPassword | null): boolean {
  return Buffer.byteLength(password) <= (stored?.byteLimit ?? Number.POSITIVE_INFINITY);
}

/**
 * Milliseconds of the clock, or of this process's processor time where that is less: other programs make the first longer, and other
 * work of this one the second.
 */
async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const [startedAt, usedBefore] = [performance.now(), process.cpuUsage()];
  await work();
  const { user, system } = process.cpuUsage(usedBefore);
  return Math.min(performance.now() - startedAt, (user + system) / 1_000);
}
