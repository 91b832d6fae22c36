import { setTimeout as sleep } from "node:timers/promises";
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
import type { FindVerificationKey, TokenAlgorithm, VerificationKey } from "./access-token.ts";
import {
  deleteOtherSigningKeys,
  insertSigningKey,
  listSigningKeys,
  lockSigningKeys,
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
  /** Encrypts private parts at rest. */
  readonly sealingKey: Uint8Array;
  /** For new keys. */
  readonly algorithm: TokenAlgorithm;
  /** Seconds for which an old key is still accepted after a new one has begun to sign: a token's life and the leeway. */
  readonly overlapSeconds: number;
}

export interface Rotation {
  /** Seconds for which the new key is published before it signs, so that every verifier's copy of the keys has it. */
  readonly publishSeconds: number;
  /** Remove the old keys now instead of letting them run out: every token that they signed is refused at once. */
  readonly dangerouslyRemoveOldKeys: boolean;
}

/** A JWKS is cached for this many seconds by those who fetch it; a rotation waits twice as long before it signs. */
export const jwksMaxAge = 300;

/** Milliseconds between two looks for key ids that are not known. */
const lookUpInterval = 100;

export type KeyRing = ReturnType<typeof createKeyRing>;

/** The keys that sign and verify tokens: kept in the database, opened once per process. */
export function createKeyRing({ db, sealingKey, algorithm, overlapSeconds }: KeyRingOptions) {
  let opened = new Map<string, Promise<SigningKey>>();
  let reading: Promise<StoredSigningKey[]> | undefined;
  let lookingUp: Promise<unknown> | undefined;
  let lookedUpAt = Number.NEGATIVE_INFINITY;

  /** The accepted keys as the database has them now; callers at the same moment share one query. */
  function readKeys(): Promise<StoredSigningKey[]> {
    reading ??= listSigningKeys(db)
      .then(rememberOnly)
      .finally(() => {
        reading = undefined;
      });
    return reading;
  }

  /** Reads the keys because of one that is not known. Made-up key ids wait together, so that however many come they cost next to nothing. */
  function lookUp(): Promise<unknown> {
    lookingUp ??= sleep(Math.max(0, lookedUpAt + lookUpInterval - performance.now()))
      .then(readKeys)
      .finally(() => {
        lookedUpAt = performance.now();
        lookingUp = undefined;
      });
    return lookingUp;
  }

  function rememberOnly(stored: StoredSigningKey[]): StoredSigningKey[] {
    opened = new Map(stored.map((key) => [key.kid, opened.get(key.kid) ?? openKey(key, sealingKey)]));
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

  /** Makes a new key in the caller's transaction, and answers its id. */
  async function rotate(transaction: Queries, { publishSeconds, dangerouslyRemoveOldKeys }: Rotation): Promise<string> {
    const key = await createKey(algorithm, sealingKey);
    await lockSigningKeys(transaction);
    if (!dangerouslyRemoveOldKeys) requireSameSecret(await listSigningKeys(transaction), sealingKey);
    await insertSigningKey(transaction, key, { publishSeconds, overlapSeconds });
    if (dangerouslyRemoveOldKeys) await deleteOtherSigningKeys(transaction, key.kid);
    return key.kid;
  }

  /**
   * Makes the first key, or a new one when the setting names another algorithm; of several processes one does it.
   *
   * @throws StartError when the keys were sealed with another secret
   */
  async function prepare(): Promise<void> {
    const key = await createKey(algorithm, sealingKey);
    await db.transaction().execute(async (transaction) => {
      await lockSigningKeys(transaction);
      const stored = await listSigningKeys(transaction);
      requireSameSecret(stored, sealingKey);
      const newest = stored.find(({ verifiesUntil }) => verifiesUntil === null);
      if (newest?.algorithm === algorithm) return;
      await insertSigningKey(transaction, key, { publishSeconds: 0, overlapSeconds });
    });
    await signingKey();
  }

  return { signingKey, findVerificationKey, publicKeys, verificationKeys, rotate, prepare };
}

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

async function openKey({ kid, algorithm, publicJwk, sealedPrivateJwk }: StoredSigningKey, sealingKey: Uint8Array) {
  const jwk: JWK = JSON.parse(unsealPrivateJwk(kid, sealedPrivateJwk, sealingKey));
  const privateKey = await importJWK(jwk, algorithm, { extractable: algorithm === "HS256" });
  const verificationKey = publicJwk ? await importJWK(publicJwk, algorithm) : privateKey;
  return { kid, algorithm, privateKey, verificationKey, publicJwk };
}

/** A key that is sealed with another secret than the rest would be one that the other processes cannot open. */
function requireSameSecret(stored: readonly StoredSigningKey[], sealingKey: Uint8Array): void {
  for (const { kid, sealedPrivateJwk } of stored) unsealPrivateJwk(kid, sealedPrivateJwk, sealingKey);
}

function unsealPrivateJwk(kid: string, sealed: Uint8Array, sealingKey: Uint8Array): string {
  try {
    return unseal(sealingKey, sealed, sealContext(kid)).toString();
  } catch (cause) {
    throw new StartError(
      "LATCHKEY_SECRET is not the one that the signing keys in the database were sealed with. Start with the old secret (in a server of your own it is the option secret), or run `latchkey rotate-keys --compromised` to replace the keys; that makes every access token invalid.",
      { cause },
    );
  }
}
