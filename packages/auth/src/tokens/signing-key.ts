import { calculateJwkThumbprint, exportJWK, generateKeyPair, generateSecret, importJWK, type JWK } from "jose";
import { AuthError, StartError } from "../errors.ts";
import { hmacSha256, seal, unseal } from "../secrets.ts";
import type { TokenAlgorithm, VerificationKey } from "./access-token.ts";
import type { NewSigningKey, StoredSigningKey } from "./signing-key-store.ts";

/** A key as it is used: opened and imported. */
export interface SigningKey {
  readonly kid: string;
  readonly algorithm: TokenAlgorithm;
  readonly privateKey: VerificationKey;
  readonly verificationKey: VerificationKey;
  readonly publicJwk: JWK | null;
}

/** Encrypt private parts at rest: the first new ones, and each of them what it has encrypted. */
export type SealingKeys = readonly [Uint8Array, ...Uint8Array[]];

/** Of a stored key, what is needed to open it. */
export type SealedKey = Pick<StoredSigningKey, "kid" | "sealedPrivateJwk">;

/** A new key as it is stored. */
export async function createKey(algorithm: TokenAlgorithm, sealingKey: Uint8Array): Promise<NewSigningKey> {
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

/** As another service needs it to verify, a shared secret included. */
export async function toVerificationJwk({ kid, algorithm, publicJwk, verificationKey }: SigningKey): Promise<JWK> {
  return publicJwk ?? { ...(await exportJWK(verificationKey)), kid, alg: algorithm };
}

/** @throws AuthError `unavailable` for a key that none of the secrets opens */
export async function openKey(
  { kid, algorithm, publicJwk, sealedPrivateJwk }: StoredSigningKey,
  sealingKeys: SealingKeys,
): Promise<SigningKey> {
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

/** The private part as a text, and by which of the secrets it was sealed; null where none of them opens it. */
export function unsealWithAny({ kid, sealedPrivateJwk }: SealedKey, sealingKeys: SealingKeys) {
  for (const [by, key] of sealingKeys.entries()) {
    try {
      return { by, text: unseal(key, sealedPrivateJwk, sealContext(kid)).toString() };
    } catch {
      // Another secret's.
    }
  }
  return null;
}

/** What is sealed with the first secret in the place of another; null where that is so already, or where none opens it. */
export function resealKey(key: SealedKey, sealingKeys: SealingKeys): Buffer | null {
  const found = unsealWithAny(key, sealingKeys);
  if (!found || found.by === 0) return null;
  return seal(sealingKeys[0], Buffer.from(found.text), sealContext(key.kid));
}

const sealContext = (kid: string) => `signing-key/${kid}`;

/**
 * A key that is sealed with a secret nobody gave would be one that this process cannot sign with.
 *
 * @throws StartError
 */
export function requireAllOpen(stored: readonly SealedKey[], sealingKeys: SealingKeys): void {
  if (!stored.every((key) => unsealWithAny(key, sealingKeys))) throw wrongSecret();
}

/** The same where one key that opens is enough, or there is none. @throws StartError */
export function requireAnyOpens(stored: readonly SealedKey[], sealingKeys: SealingKeys): void {
  if (stored.length > 0 && !stored.some((key) => unsealWithAny(key, sealingKeys))) throw wrongSecret();
}

function wrongSecret(): StartError {
  return new StartError(
    "LATCHKEY_SECRET is not the one that the signing keys in the database were sealed with. Start with the old secret, or with the new and the old one and a comma between them (in a server of your own it is the option secret); if the old one is lost, run `latchkey reseal --lost`, after which everybody signs in again.",
  );
}
