import { importJWK, type JSONWebKeySet, type JWK } from "jose";
import { AuthError } from "../errors.ts";
import { type FindVerificationKey, type TokenAlgorithm, toKeyError, type VerificationKey } from "./access-token.ts";

/**
 * Finds keys in a set that is at hand, the shared secrets of HS256 among them.
 *
 * @throws TypeError when it is no set of keys
 */
export function findLocalKey(jwks: JSONWebKeySet): FindVerificationKey {
  if (!isKeySet(jwks)) throw new TypeError("jwks is neither a URL nor a JSON Web Key Set: it has no array `keys`");
  const keys = jwks.keys.map((key) => ({ ...key }));
  const imported = new Map<JWK, Promise<VerificationKey>>();
  return async ({ alg, kid }) => {
    const jwk = keys.find((key) => key.kid === kid && key.alg === alg && isForVerifying(key, alg));
    if (!jwk) throw new AuthError("token_invalid", "The token is not valid");
    try {
      const key = imported.get(jwk) ?? importJWK(jwk, alg);
      imported.set(jwk, key);
      return await key;
    } catch (error) {
      throw toKeyError(error);
    }
  };
}

function isKeySet(value: unknown): value is JSONWebKeySet {
  if (typeof value !== "object" || value === null || !("keys" in value) || !Array.isArray(value.keys)) return false;
  return value.keys.every((key) => typeof key === "object" && key !== null && !Array.isArray(key));
}

/** Bytes of a shared secret: fewer than the hash has can be guessed (RFC 7518 §3.2). */
const shortestSecret = 32;

/** Whether a key may verify signatures at all (RFC 7517 §4.2, §4.3). */
function isForVerifying({ use, key_ops, k }: JWK, alg: TokenAlgorithm): boolean {
  if (use !== undefined && use !== "sig") return false;
  if (key_ops !== undefined && !(Array.isArray(key_ops) && key_ops.includes("verify"))) return false;
  return alg !== "HS256" || Math.floor(((k ?? "").length * 3) / 4) >= shortestSecret;
}
