import {
  calculateJwkThumbprint,
  exportJWK,
  generateKeyPair,
  generateSecret,
  importJWK,
  type JSONWebKeySet,
  type JWK,
} from "jose";
import { AuthError, StartError } from "../errors.ts";
import { hmacSha256, seal, unseal } from "../secrets.ts";
import type { Queries } from "../storage/database.ts";
import { createSpacedRead } from "../storage/spaced-read.ts";
import type { FindVerificationKey, TokenAlgorithm, VerificationKey } from "./access-token.ts";
import {
  deleteOtherSigningKeys,
  insertSigningKey,
  isNewestKeyOlder,
  listSigningKeys,
  lockSigningKeys,
  replaceSealedKey,
  type StoredSigningKey,
} from "./signing-key-store.ts";

/** A key as it is used: opened and imported. */
export interface SigningKey {
  readonly kid: string;
  readonly algorithm: TokenAlgorithm;
  readonly privateKey: VerificationKey;
  readonly verificationKey: VerificationKey;
  readonly publicJwk: JWK | null;
}

export interface KeyRingOptions {
  readonly db: Queries;
  /** Encrypt private parts at rest: the first new ones, and each of them what it has encrypted. */
  readonly sealingKeys: readonly [Uint8Array, ...Uint8Array[]];
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
    const [newest] = await readKeys();
    const key = newest?.maySign ? await opened.get(newest.kid) : undefined;
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
      const found = unsealWithAny(key, sealingKeys);
      if (!found || found.by === 0) continue;
      const sealed = seal(sealingKeys[0], Buffer.from(found.text), sealContext(key.kid));
      if (await replaceSealedKey(db, key, sealed)) moved += 1;
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

const sealContext = (kid: string) => `signing-key/${kid}`;

async function createKey(algorithm: TokenAlgorithm, sealingKey: Uint8Array) {
  const privateKey =
    algorithm === "HS256"
      ? await generateSecret(algorithm, { extractable: true })
      : (await generateKeyPair(algorithm, { extractable: true })).privateKey;
  const jwk = await exportJWK(privateKey);
  const kid =
    algorithm === "HS256" ? sharedKeyId(Buffer.from(jwk.k ?? "", "base64url")) : await calculateJwkThumbprint(jwk);
  const publicJwk = algorithm === "HS256" ? null : toPublicJwk(jwk, kid, algorithm);
  const sealedPrivateJwk = seal(sealingKey, Buffer.from(JSON.stringify(jwk)), sealContext(kid));
  return { kid, algorithm, publicJwk, sealedPrivateJwk };
}

/** The id of a shared secret: a keyed hash, because a plain thumbprint of it could be guessed at (RFC 7638 §7). */
export function sharedKeyId(secret: Uint8Array): string {
  return hmacSha256(secret, "latchkey/kid").toString("base64url");
}

function toPublicJwk({ kty, crv, x, y }: JWK, kid: string, alg: TokenAlgorithm): JWK {
  return { ...(kty && { kty }), ...(crv && { crv }), ...(x && { x }), ...(y && { y }), kid, alg, use: "sig" };
}

async function toVerificationJwk({ kid, algorithm, publicJwk, verificationKey }: SigningKey): Promise<JWK> {
  return publicJwk ?? { ...(await exportJWK(verificationKey)), kid, alg: algorithm };
}

async function openKey({ kid, algorithm, publicJwk, sealedPrivateJwk }: StoredSigningKey, sealingKeys: SealingKeys) {
  const found = unsealWithAny({ kid, sealedPrivateJwk }, sealingKeys);
  if (!found)
    throw new AuthError("unavailable", "A signing key is sealed with a secret that this process does not have", {
      retryAfter: 5,
    });
  const jwk: JWK = JSON.parse(found.text);
  const privateKey = await importJWK(jwk, algorithm, { extractable: algorithm === "HS256" });
  const verificationKey = publicJwk ? await importJWK(publicJwk, algorithm) : privateKey;
  return { kid, algorithm, privateKey, verificationKey, publicJwk };
}

type SealingKeys = KeyRingOptions["sealingKeys"];
type SealedKey = Pick<StoredSigningKey, "kid" | "sealedPrivateJwk">;

/** How many keys the first secret sealed, how many another one, and how many none of them. */
export interface Seals {
  readonly first: number;
  readonly others: number;
  readonly none: number;
}

/** A key that is sealed with a secret nobody gave would be one that this process cannot sign with. */
function requireAllOpen(stored: readonly SealedKey[], sealingKeys: SealingKeys): void {
  if (!stored.every((key) => unsealWithAny(key, sealingKeys))) throw wrongSecret();
}

function requireAnyOpens(stored: readonly SealedKey[], sealingKeys: SealingKeys): void {
  if (stored.length > 0 && !stored.some((key) => unsealWithAny(key, sealingKeys))) throw wrongSecret();
}

function unsealWithAny({ kid, sealedPrivateJwk }: SealedKey, sealingKeys: SealingKeys) {
  for (const [by, key] of sealingKeys.entries()) {
    try {
      return { by, text: unseal(key, sealedPrivateJwk, sealContext(kid)).toString() };
    } catch {
      // Another secret's.
    }
  }
  return null;
}

function wrongSecret(): StartError {
  return new StartError(
    "LATCHKEY_SECRET is not the one that the signing keys in the database were sealed with. Start with the old secret, or with the new and the old one and a comma between them (in a server of your own it is the option secret); if the old one is lost, run `latchkey reseal --lost`, after which everybody signs in again.",
  );
}
