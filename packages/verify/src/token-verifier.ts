import {
  type AccessTokenClaims,
  AuthError,
  type Clock,
  createTokenVerifier as createOfflineVerifier,
  type TokenVerifierOptions as JwksOptions,
  requireTls,
  type SharedSecretVerifierOptions,
  systemClock,
} from "@latchkey/auth/verify";
import { createOnlineCheck, type Transformer } from "./online-check.ts";

/** How the service itself is asked about a token. */
export interface OnlineOptions {
  /**
   * Whether the service is asked about every token besides, so that a sign-out and a disabled account are known at once. A service that
   * does not answer lets nobody in.
   */
  readonly online?: boolean;
  /** Where the service's tRPC procedures are; `/trpc` beside the address of `jwks` unless told otherwise. */
  readonly service?: URL | string;
  /** The name under which the procedures are mounted there, such as `auth`. */
  readonly path?: string;
  /** The transformer of the router that they are mounted in, if it has one. */
  readonly transformer?: Transformer;
  /** Seconds for which the service's answer is believed, 60 at most; 0 unless told otherwise: it is asked for every call. */
  readonly rememberFor?: number;
}

/** By what tokens are checked: the keys of `jwks`, or a secret that is shared with the service; and how the service itself is asked. */
export type TokenVerifierOptions = (JwksOptions | SharedSecretVerifierOptions) & OnlineOptions;

/** How the token's owner must have shown who they are. */
export interface AskedAuthentication {
  /** Seconds ago at most: its claim `auth_time`, as of the token's last refresh, with a minute of leeway. */
  readonly maxAge?: number;
  /** `2`: two factors. */
  readonly acr?: "1" | "2";
}

/** The same, of which at least one is asked. */
export type RecentAuthentication = AskedAuthentication & ({ readonly maxAge: number } | { readonly acr: "2" });

/**
 * Checks a token, and with `permission` also whether its owner holds that at this moment, which is asked of the service always: no
 * token says it. With `maxAge` and `acr`, whether its owner has shown who they are lately enough, and by two factors; a token that
 * does not say it has not.
 *
 * @throws AuthError `token_invalid`, `token_expired`, `permission_denied`, `reauthentication_required`, or `unavailable` when it cannot be told
 */
export type VerifyToken = (
  token: string,
  asked?: AskedAuthentication & { readonly permission?: string },
) => Promise<AccessTokenClaims>;

/**
 * Checks access tokens in another service, without a database: signature, issuer, audience and times. That a session was ended since the
 * token was issued is known with `online: true` alone.
 *
 * What is thrown is an {@link AuthError}. `unavailable` says that the keys or the service cannot be reached: answer that with 503 and not
 * with 401, or your callers sign in anew for nothing.
 *
 * @throws TypeError when `jwks` is neither an address nor a set of keys, or `online` has no service to ask; RangeError when `staleFor` or
 * `rememberFor` is out of range
 * @example
 * const service = "https://auth.example.com"; // its PUBLIC_URL, unless TOKEN_ISSUER says otherwise
 * const verify = createTokenVerifier({ issuer: service, audience: "orders-api", jwks: `${service}/.well-known/jwks.json` });
 * const { sub } = await verify(token);
 */
export function createTokenVerifier(options: TokenVerifierOptions): VerifyToken {
  const verifyOffline = createOfflineVerifier(options);
  const check = createCheck(options);
  if (options.online && !check) throw noService("`online: true`");
  return async (token, { permission, ...authentication } = {}) => {
    const claims = await verifyOffline(token);
    requireAuthentication(claims, authentication, options.clock ?? systemClock);
    if (permission === undefined && !options.online) return claims;
    if (!check) throw noService("a permission");
    const { isActive, isPermitted } = await check({ token, permission: permission ?? null });
    // The caller's SDK refreshes then, and learns whether the session is over or the key has changed.
    if (!isActive) throw new AuthError("token_invalid", "The token is not good any more");
    if (permission !== undefined && !isPermitted)
      throw new AuthError("permission_denied", `This needs the permission ${permission}`);
    return claims;
  };
}

/** Seconds by which two machines' clocks may differ. */
const clockLeeway = 60;

function requireAuthentication(
  { auth_time: shownAt, acr: shown }: AccessTokenClaims,
  { maxAge, acr }: AskedAuthentication,
  clock: Clock,
): void {
  const age = clock.now().getTime() / 1000 - (shownAt ?? Number.NEGATIVE_INFINITY);
  const isRecent = maxAge === undefined || age <= maxAge + clockLeeway;
  if (isRecent && (acr !== "2" || shown === "2")) return;
  const asked = { ...(maxAge !== undefined && { maxAge }), ...(acr === "2" && { acr }) };
  throw new AuthError("reauthentication_required", "Show again that it is you", asked);
}

/** Refuses when it is put together, and not at the first call, what can never be answered. */
export function requireService(options: TokenVerifierOptions): void {
  if (!findEndpoint(options)) throw noService("a permission");
}

function noService(asking: string): TypeError {
  return new TypeError(`${asking} needs the address of the service: give \`service\`, or \`jwks\` as an address`);
}

function createCheck(options: TokenVerifierOptions): ReturnType<typeof createOnlineCheck> | null {
  const { rememberFor = 0, path = "", transformer, clock = systemClock } = options;
  const audience = "audience" in options ? options.audience : null;
  if (!(rememberFor >= 0 && rememberFor <= 60)) throw new RangeError("rememberFor is not 0 to 60 seconds");
  const endpoint = findEndpoint(options);
  if (!endpoint) return null;
  return createOnlineCheck({ endpoint, path, transformer, audience, rememberFor, clock });
}

function findEndpoint(options: TokenVerifierOptions): URL | null {
  if (options.service !== undefined) {
    const service = new URL(options.service);
    requireTls(service, "dangerouslyAllowHttp" in options ? options.dangerouslyAllowHttp : false);
    return service;
  }
  const jwks = "jwks" in options ? options.jwks : undefined;
  return typeof jwks === "string" || jwks instanceof URL ? new URL("/trpc", jwks) : null;
}
