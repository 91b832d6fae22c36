import { randomBytes } from "node:crypto";
import type { Clock } from "../clock.ts";
import { AuthError, StartError } from "../errors.ts";
import { deriveKey, fingerprintOf, hmacSha256, type KeyPurpose, seal, unseal } from "../secrets.ts";
import type { Queries } from "../storage/database.ts";
import { createSpacedRead } from "../storage/spaced-read.ts";
import {
  deleteSecretKeys,
  insertSecretKey,
  listSecretKeys,
  lockSecretKeys,
  replaceSeal,
  type StoredSecretKey,
} from "./secret-key-store.ts";

/** What there are keys for in the database. */
const purposes = [
  "refresh-tokens",
  "device-marks",
  "codes",
  "passkeys",
  "throttles",
  "messages",
  "pending-changes",
  "second-factors",
  "adopted-tokens",
  "audit-seals",
] as const satisfies KeyPurpose[];

export type SecretKeyPurpose = (typeof purposes)[number];

/**
 * Where a new secret brings a new key. With those of the others what they hide or seal would be lost: counts, changes that wait, and which
 * token of another system has which session.
 */
const renewed: readonly string[] = [
  "refresh-tokens",
  "device-marks",
  "codes",
  "passkeys",
  "audit-seals",
] satisfies SecretKeyPurpose[];

/** Without its key a seal of the audit trail says nothing any more: they are kept as long as they can be opened. */
const isKeptForSeals = ({ purpose }: Pick<StoredSecretKey, "purpose">) => purpose === "audit-seals";

/** A key as it is used. */
export interface SecretKey {
  /** Says which key it is, and nothing of it: 16 hexadecimal digits. */
  readonly id: string;
  readonly key: Uint8Array;
}

/** Keys of one purpose: the one that new things are made with, and then those that older things were. */
export type Keys = readonly [SecretKey, ...SecretKey[]];

/** How many keys are sealed with the first secret, with another one, and with one that nobody has given. */
export interface SecretKeyCounts {
  readonly first: number;
  readonly others: number;
  readonly none: number;
}

/**
 * The keys of everything that is not a signing key: made once, sealed with a secret and kept in the database, so that every process has the
 * same ones whichever secret it was given first, and another secret only seals them anew.
 */
export interface SecretKeys {
  /**
   * Makes the keys that are missing, and reads them all.
   *
   * @throws StartError when there is one that none of the secrets opens
   */
  prepare(): Promise<void>;
  /** Reads them, and makes none. @throws StartError as `prepare` */
  check(): Promise<void>;
  /** The keys of a purpose as they were read last. @throws AuthError `unavailable` before they have been */
  keysOf(purpose: SecretKeyPurpose): Keys;
  /** Reads them again because of something that none of them made; many who ask at once share a query. */
  reread(): Promise<void>;
  /** Whether there is a key of a purpose that this process cannot open: what it made is genuine, and cannot be told from what nobody made. */
  isBlind(purpose: SecretKeyPurpose): boolean;
  count(): Promise<SecretKeyCounts>;
  /** Makes new keys with the first secret for what comes, where the present ones were made with another. Answers how many. */
  renew(transaction: Queries, options: { readonly givesUpLost: boolean }): Promise<number>;
  /** Seals with the first secret what another one sealed, a key at a time. Answers how many that were. */
  reseal(): Promise<number>;
  /** The keys that were made with another secret than the first, and are not in use any more. */
  listForeign(): Promise<readonly StoredSecretKey[]>;
  /** When the key of a purpose that is in use was made. */
  findBeginning(purpose: SecretKeyPurpose): Promise<Date>;
  forget(keys: readonly StoredSecretKey[]): Promise<number>;
}

export interface SecretKeysOptions {
  readonly db: Queries;
  /** The first one seals what is new. */
  readonly secrets: readonly [string, ...string[]];
  readonly clock: Clock;
  /** The place of the secret with which this database was used before it held keys; null for one that is new. */
  readonly findEarlierSecret: (transaction: Queries) => Promise<number | null>;
}

/** Milliseconds after which the keys are read again, while calls go on with those that are known. */
const freshFor = 20_000;

/** Milliseconds between two reads because of what no key made. */
const rereadInterval = 100;

export function createSecretKeys({ db, secrets, clock, findEarlierSecret }: SecretKeysOptions): SecretKeys {
  const first = toSealer(secrets[0]);
  const sealers = [first, ...secrets.slice(1).map(toSealer)];
  let opened = new Map<string, SecretKey>();
  let byPurpose = new Map<string, readonly SecretKey[]>();
  let unopened = new Set<string>();
  let readAt = Number.NEGATIVE_INFINITY;
  let isReading = false;

  const open = (stored: StoredSecretKey): SecretKey | null => {
    const known = opened.get(stored.id);
    const sealer = sealers.find(({ id }) => id === stored.secretId);
    return known ?? (sealer ? unsealKey(stored, sealer) : null);
  };

  const remember = (stored: readonly StoredSecretKey[]): void => {
    const found = stored.map((one) => ({ purpose: one.purpose, key: open(one) }));
    opened = new Map(found.flatMap(({ key }) => (key ? [[key.id, key]] : [])));
    byPurpose = new Map(
      purposes.map((purpose) => [
        purpose,
        found.flatMap((one) => (one.purpose === purpose && one.key ? [one.key] : [])),
      ]),
    );
    unopened = new Set(found.flatMap(({ purpose, key }) => (key ? [] : [purpose])));
    readAt = clock.now().getTime();
  };

  const read = async () => remember(await listSecretKeys(db));

  /** A key that another process has made is known soon, and nobody waits for that. */
  const readInBackground = (): void => {
    if (isReading || clock.now().getTime() - readAt < freshFor) return;
    isReading = true;
    void read()
      .catch(() => {})
      .finally(() => {
        isReading = false;
      });
  };

  /** The keys of before are derived from the secret itself: what was made with them stays good, and so do processes of that version. */
  async function makeMissing(): Promise<void> {
    await db.transaction().execute(async (transaction) => {
      await lockSecretKeys(transaction);
      const stored = await listSecretKeys(transaction);
      const missing = listMissing(stored);
      if (missing.length === 0) return;
      const place = stored.length === 0 ? ((await findEarlierSecret(transaction)) ?? 0) : null;
      const earlier = place === null ? null : secrets[place];
      for (const purpose of missing) {
        const key = earlier ? deriveKey(earlier, purpose) : randomBytes(32);
        const madeWith = earlier ? fingerprintOf(earlier) : first.id;
        await insertSecretKey(transaction, { ...sealKey({ purpose, key }, first), madeWith });
      }
    });
  }

  async function check(): Promise<void> {
    await read();
    if (unopened.size > 0) throw missingSecret();
  }

  const canOpen = (stored: StoredSecretKey) => open(stored) !== null;

  return {
    async prepare() {
      if (listMissing(await listSecretKeys(db)).length > 0) await makeMissing();
      await check();
    },
    check,
    keysOf(purpose) {
      readInBackground();
      const [current, ...older] = byPurpose.get(purpose) ?? [];
      if (!current) throw new AuthError("unavailable", "The keys of this process cannot be read", { retryAfter: 5 });
      return [current, ...older];
    },
    reread: createSpacedRead(read, rereadInterval),
    isBlind: (purpose) => unopened.has(purpose),
    async count() {
      const stored = await listSecretKeys(db);
      const none = stored.filter((key) => !sealers.some(({ id }) => id === key.secretId)).length;
      const others = stored.filter(({ secretId }) => secretId !== first.id).length - none;
      return { first: stored.length - others - none, others, none };
    },
    async renew(transaction, { givesUpLost }) {
      await lockSecretKeys(transaction);
      const current = (await listSecretKeys(transaction)).filter(({ supersededAt }) => supersededAt === null);
      const due = current.filter(
        (key) => (givesUpLost && !canOpen(key)) || (renewed.includes(key.purpose) && key.madeWith !== first.id),
      );
      for (const { purpose } of due) {
        const key = sealKey({ purpose, key: randomBytes(32) }, first);
        await insertSecretKey(transaction, { ...key, madeWith: first.id });
      }
      return due.length;
    },
    async reseal() {
      let moved = 0;
      for (const stored of await listSecretKeys(db)) {
        const key = stored.secretId === first.id ? null : open(stored);
        if (!key) continue;
        const { sealed, secretId } = sealKey({ purpose: stored.purpose, key: key.key }, first);
        if (await replaceSeal(db, stored, { sealed, secretId })) moved += 1;
      }
      return moved;
    },
    async listForeign() {
      const stored = await listSecretKeys(db);
      return stored.filter(
        (key) => key.supersededAt !== null && (!canOpen(key) || (key.madeWith !== first.id && !isKeptForSeals(key))),
      );
    },
    async findBeginning(purpose) {
      const found = (await listSecretKeys(db)).find((key) => key.purpose === purpose && key.supersededAt === null);
      if (!found) throw new AuthError("unavailable", "The keys of this process cannot be read", { retryAfter: 5 });
      return found.createdAt;
    },
    forget: (keys) =>
      deleteSecretKeys(
        db,
        keys.map(({ id }) => id),
      ),
  };
}

const listMissing = (stored: readonly StoredSecretKey[]) =>
  purposes.filter((purpose) => !stored.some((key) => key.purpose === purpose));

interface Sealer {
  readonly id: string;
  readonly key: Uint8Array;
}

const toSealer = (secret: string): Sealer => ({ id: fingerprintOf(secret), key: deriveKey(secret, "sealed-keys") });

/** Which key it is; also the `key_id` of a challenge. */
const idOf = (key: Uint8Array) => hmacSha256(key, "id").toString("hex", 0, 8);

const contextOf = (purpose: string, id: string) => `secret-key/${purpose}/${id}`;

function sealKey({ purpose, key }: { readonly purpose: string; readonly key: Uint8Array }, sealer: Sealer) {
  const id = idOf(key);
  return { id, purpose, sealed: seal(sealer.key, key, contextOf(purpose, id)), secretId: sealer.id };
}

function unsealKey({ id, purpose, sealed }: StoredSecretKey, sealer: Sealer): SecretKey | null {
  try {
    return { id, key: unseal(sealer.key, sealed, contextOf(purpose, id)) };
  } catch {
    return null;
  }
}

function missingSecret(): StartError {
  return new StartError(
    "LATCHKEY_SECRET lacks a secret with which keys in the database are sealed. Add it behind the new one with a comma between them and run `latchkey reseal`; if it is lost, run `latchkey reseal --lost`, after which everybody signs in again.",
  );
}
