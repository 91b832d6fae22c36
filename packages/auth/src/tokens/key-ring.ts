import type { JSONWebKeySet } from "jose";
import { AuthError } from "../errors.ts";
import type { Queries } from "../storage/database.ts";
import { createSpacedRead } from "../storage/spaced-read.ts";
import type { FindVerificationKey, TokenAlgorithm } from "./access-token.ts";
import {
  createKey,
  openKey,
  requireAllOpen,
  requireAnyOpens,
  resealKey,
  type SealedKey,
  type SealingKeys,
  type SigningKey,
  toVerificationJwk,
  unsealWithAny,
} from "./signing-key.ts";
import {
  deleteOtherSigningKeys,
  insertSigningKey,
  isNewestKeyOlder,
  listSigningKeys,
  lockSigningKeys,
  replaceSealedKey,
  type StoredSigningKey,
} from "./signing-key-store.ts";

export interface KeyRingOptions {
  readonly db: Queries;
  readonly sealingKeys: SealingKeys;
  /** For the first key; the next is of the same, unless {@link KeyRing.prepare} follows the setting. */
  readonly algorithm: TokenAlgorithm;
  /** Seconds for which an old key is still accepted after a new one has begun to sign: a token's life and the leeway. */
  readonly overlapSeconds: number;
}

export interface Rotation {
  /** Seconds for which the new key is published before it signs, so that every verifier's copy of the keys has it. */
  readonly publishSeconds: number;
  /** Remove the old keys now instead of letting them run out: every token that they signed is refused at once. */
  readonly dangerouslyRemoveOldKeys: boolean;
  /** Make no key unless the newest is older than so many seconds. */
  readonly onlyIfOlderThan?: number;
  /** Remove them also where no secret opens any of them: whoever has set a wrong secret would shut out the processes that have the right one. */
  readonly dangerouslyGiveUpLostKeys?: boolean;
}

/** How many keys the first secret sealed, how many another one, and how many none of them. */
export interface Seals {
  readonly first: number;
  readonly others: number;
  readonly none: number;
}

/** A JWKS is cached for this many seconds by those who fetch it; a rotation waits twice as long before it signs. */
export const jwksMaxAge = 300;

/** Milliseconds between two looks for key ids that are not known. */
const lookUpInterval = 100;

export type KeyRing = ReturnType<typeof createKeyRing>;

/** The keys that sign and verify tokens: kept in the database, opened once per process. */
export function createKeyRing({ db, sealingKeys, algorithm, overlapSeconds }: KeyRingOptions) {
  let opened = new Map<string, Promise<SigningKey>>();
  let reading: Promise<StoredSigningKey[]> | undefined;

  /** The accepted keys as the database has them now; callers at the same moment share one query. */
  function readKeys(): Promise<StoredSigningKey[]> {
    reading ??= listSigningKeys(db)
      .then(rememberOnly)
      .finally(() => {
        reading = undefined;
      });
    return reading;
  }

  const lookUp = createSpacedRead(readKeys, lookUpInterval);

  const openStored = (key: StoredSigningKey) => openKey(key, sealingKeys);

  function rememberOnly(stored: StoredSigningKey[]): StoredSigningKey[] {
    opened = new Map(stored.map((key) => [key.kid, opened.get(key.kid) ?? openStored(key)]));
    for (const key of opened.values()) key.catch(() => {});
    return stored;
  }

  async function signingKey(): Promise<SigningKey> {
    // Where the time of none has come the clock was set back: each has been published long ago, and nobody is kept out until then.
    const [first] = await readKeys();
    const key = first && (await opened.get(first.kid));
    if (!key) throw new AuthError("unavailable", "There is no key to sign tokens with", { retryAfter: 5 });
    return key;
  }

  const findVerificationKey: FindVerificationKey = async ({ alg, kid }) => {
    if (!opened.has(kid)) await lookUp();
    const key = await opened.get(kid);
    if (key?.algorithm !== alg) throw new AuthError("token_invalid", "The token is not valid");
    return key.verificationKey;
  };

  /** The public keys (RFC 7517 §5); private members and shared secrets are never among them. */
  async function publicKeys(): Promise<JSONWebKeySet> {
    const stored = await readKeys();
    return { keys: stored.flatMap(({ publicJwk }) => publicJwk ?? []) };
  }

  /** Every accepted key as another service needs it to verify, the shared secrets of HS256 included. */
  async function verificationKeys(): Promise<JSONWebKeySet> {
    const keys = await Promise.all((await readKeys()).map(({ kid }) => opened.get(kid)));
    return { keys: await Promise.all(keys.flatMap((key) => (key ? [toVerificationJwk(key)] : []))) };
  }

  /** Makes a new key in the caller's transaction, and answers its id; null where it is not time for one. */
  async function rotate(transaction: Queries, rotation: Rotation): Promise<string | null> {
    const { publishSeconds, onlyIfOlderThan, dangerouslyRemoveOldKeys, dangerouslyGiveUpLostKeys = false } = rotation;
    await lockSigningKeys(transaction);
    if (onlyIfOlderThan !== undefined && !(await isNewestKeyOlder(transaction, onlyIfOlderThan))) return null;
    const stored = await listSigningKeys(transaction);
    if (dangerouslyRemoveOldKeys && !dangerouslyGiveUpLostKeys) requireAnyOpens(stored, sealingKeys);
    if (!dangerouslyRemoveOldKeys) requireAllOpen(stored, sealingKeys);
    // Whoever rotates may have other settings than the service.
    const key = await createKey(findNewest(stored)?.algorithm ?? algorithm, sealingKeys[0]);
    await insertSigningKey(transaction, key, { publishSeconds, overlapSeconds });
    if (dangerouslyRemoveOldKeys) await deleteOtherSigningKeys(transaction, key.kid);
    return key.kid;
  }

  /**
   * Makes the first key or, where `follows` says so, the next one when the setting names another algorithm; of several processes one does it.
   *
   * @returns the algorithm that another one follows; null where nothing changes
   * @throws StartError when the keys were sealed with another secret
   */
  async function prepare(
    transaction: Queries,
    { follows, publishSeconds }: { readonly follows: boolean; readonly publishSeconds: number },
  ): Promise<TokenAlgorithm | null> {
    const key = await createKey(algorithm, sealingKeys[0]);
    await lockSigningKeys(transaction);
    const stored = await listSigningKeys(transaction);
    requireAllOpen(stored, sealingKeys);
    const newest = findNewest(stored);
    if (newest && (!follows || newest.algorithm === algorithm)) return null;
    await insertSigningKey(transaction, key, { publishSeconds: newest ? publishSeconds : 0, overlapSeconds });
    return newest?.algorithm ?? null;
  }

  /** Looks whether every key can be opened, and changes nothing. @throws StartError */
  async function check(): Promise<void> {
    requireAllOpen(await listSigningKeys(db), sealingKeys);
  }

  /** Of the newest key, which signs or is to; null where there is none. */
  const findAlgorithm = async () => findNewest(await listSigningKeys(db))?.algorithm ?? null;

  /** Which of the secrets sealed the newest key that any of them opens, by its place among them; null where there is none. */
  async function findSealer(transaction: Queries): Promise<number | null> {
    const stored = await listSigningKeys(transaction);
    return stored.map((key) => unsealWithAny(key, sealingKeys)?.by).find((by) => by !== undefined) ?? null;
  }

  /** Which of the secrets sealed keys that somebody has read, by their places. */
  const findSealers = (keys: readonly SealedKey[]): number[] =>
    keys.flatMap((key) => unsealWithAny(key, sealingKeys)?.by ?? []);

  /** How many of the accepted keys each secret sealed, and how many none of them did. */
  async function countSeals(): Promise<Seals> {
    const stored = await listSigningKeys(db);
    const by = stored.map((key) => unsealWithAny(key, sealingKeys)?.by);
    return {
      first: by.filter((place) => place === 0).length,
      others: by.filter((place) => place !== undefined && place > 0).length,
      none: by.filter((place) => place === undefined).length,
    };
  }

  /** Seals with the first secret what another one sealed, a key at a time, and answers how many those were. */
  async function reseal(): Promise<number> {
    let moved = 0;
    for (const key of await listSigningKeys(db)) {
      const sealed = resealKey(key, sealingKeys);
      if (sealed && (await replaceSealedKey(db, key, sealed))) moved += 1;
    }
    return moved;
  }

  return {
    signingKey,
    findVerificationKey,
    publicKeys,
    verificationKeys,
    rotate,
    prepare,
    check,
    findAlgorithm,
    findSealer,
    findSealers,
    countSeals,
    reseal,
  };
}

const findNewest = (stored: readonly StoredSigningKey[]) => stored.find(({ verifiesUntil }) => verifiesUntil === null);
