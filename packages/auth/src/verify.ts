import type { JSONWebKeySet } from "jose";
import { type Clock, systemClock } from "./clock.ts";
import { AuthError, StartError } from "./errors.ts";
import { type AccessTokenClaims, type FindVerificationKey, verifyAccessToken } from "./tokens/access-token.ts";
import { findLocalKey } from "./tokens/local-keys.ts";
import { findRemoteKey } from "./tokens/remote-keys.ts";

// What `@latchkey/verify` is built from; this file is no entry of what is published here.
export { type Clock, systemClock } from "./clock.ts";
export {
  AuthError,
  type AuthErrorCode,
  type AuthErrorDetails,
  type InputIssue,
  type InputIssueCode,
  isAuthError,
} from "./errors.ts";
export type { AccessTokenClaims } from "./tokens/access-token.ts";
export { readBearerToken } from "./tokens/bearer.ts";
export { findChallenge } from "./tokens/challenge.ts";
export { fetchJson } from "./tokens/fetch-json.ts";

export interface TokenVerifierOptions {
  /** The service's `TOKEN_ISSUER`. */
  readonly issuer: string;
  /**
   * Your API's own: one of the service's `TOKEN_AUDIENCE`, and not the first, whose tokens open the service itself and are for nobody else to
   * hold.
   */
  readonly audience: string;
  /** Where the service publishes its keys (`https://…/.well-known/jwks.json`), or the keys themselves. */
  readonly jwks: URL | string | JSONWebKeySet;
  /**
   * Seconds for which keys that were fetched are good while they cannot be fetched again; 300 by default. The longer, the longer an
   * outage of the service goes unnoticed, and the longer a key that was removed because it leaked is accepted in one.
   */
  readonly staleFor?: number;
  /**
   * Fetches keys from another machine without TLS. Whoever is on the way can put keys of their own in their place, and make tokens of anybody's:
   * for a network that nobody else reaches.
   */
  readonly dangerouslyAllowHttp?: boolean;
  readonly clock?: Clock;
}

/** For tokens of `TOKEN_PROFILE=django`, which have no audience and are signed with a secret. */
export interface SharedSecretVerifierOptions {
  /** The service's `TOKEN_ISSUER`. */
  readonly issuer: string;
  /** The service's `LEGACY_SECRET_KEY`. Who holds it can make tokens. */
  readonly sharedSecret: string;
  readonly clock?: Clock;
}

/**
 * Checks access tokens in another service, without a database: signature, issuer, audience and times. It cannot know that a
 * session was ended since the token was issued; that takes a call to `token.verify`.
 *
 * The function it returns throws {@link AuthError} `token_invalid` or `token_expired`, or `unavailable` when the keys cannot
 * be fetched: answer that with 503 and not with 401, or your callers sign in anew for nothing.
 *
 * @throws TypeError when `jwks` is neither an address nor a set of keys, or one without TLS on another machine; RangeError when `staleFor` is out of range
 *
 * @example
 * const verify = createTokenVerifier({ issuer: "latchkey", audience: "orders-api", jwks: "https://auth.example.com/.well-known/jwks.json" });
 * const { sub } = await verify(token);
 */
export function createTokenVerifier(
  options: TokenVerifierOptions | SharedSecretVerifierOptions,
): (token: string) => Promise<AccessTokenClaims> {
  const { issuer, clock = systemClock } = options;
  if ("sharedSecret" in options) {
    const findSecret = findSharedSecret(new TextEncoder().encode(options.sharedSecret));
    return async (token) => (await verifyAccessToken(token, findSecret, { issuer, audience: null, clock })).claims;
  }
  const { audience, jwks, staleFor = 300 } = options;
  const isAddress = typeof jwks === "string" || jwks instanceof URL;
  if (isAddress) requireTls(new URL(jwks), options.dangerouslyAllowHttp);
  const findKey = isAddress ? findRemoteKey(new URL(jwks), { staleFor }) : findLocalKey(jwks);
  return async (token) => (await verifyAccessToken(token, findKey, { issuer, audience, clock })).claims;
}

/** @throws TypeError for an address on another machine to which there is no TLS */
export function requireTls({ protocol, hostname, origin }: URL, isAllowed = false): void {
  const isLocal = hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
  if (protocol === "https:" || isLocal || isAllowed) return;
  throw new TypeError(
    `${origin} is asked without TLS: use https, or dangerouslyAllowHttp in a network that nobody else reaches`,
  );
}

function findSharedSecret(secret: Uint8Array): FindVerificationKey {
  if (secret.length < 32) throw new StartError("The shared secret is shorter than 32 bytes");
  return async ({ alg }) => {
    if (alg === "HS256") return secret;
    throw new AuthError("token_invalid", "The token is not valid");
  };
}
