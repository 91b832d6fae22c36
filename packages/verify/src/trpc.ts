import {
  type AccessTokenClaims,
  AuthError,
  type AuthErrorCode,
  findChallenge,
  isAuthError,
  readBearerToken,
} from "@latchkey/auth/verify";
import {
  initTRPC,
  type TRPCDefaultErrorShape,
  TRPCError,
  type TRPCProcedureBuilder,
  type TRPCUnsetMarker,
} from "@trpc/server";
import type { TRPCErrorShape } from "@trpc/server/rpc";
import {
  type AskedAuthentication,
  createTokenVerifier,
  type RecentAuthentication,
  requireService,
  type TokenVerifierOptions,
  type VerifyToken,
} from "./token-verifier.ts";

// Types of routers that are built on this name them, and look for them here.
export type { AccessTokenClaims, AuthErrorCode, Clock, SharedSecretVerifierOptions } from "@latchkey/auth/verify";
export type { Transformer } from "./online-check.ts";
export type {
  AskedAuthentication,
  OnlineOptions,
  RecentAuthentication,
  TokenVerifierOptions,
} from "./token-verifier.ts";

/** What the context of a router must hold: the `Authorization` header of the request, or all of them, as they came. */
export interface AuthorizationContext {
  readonly authorization: string | readonly string[] | null | undefined;
}

/** What a procedure finds in its context when the token was good. */
export interface Verified {
  readonly claims: AccessTokenClaims;
  /** The same as `claims.sub`. */
  readonly userId: string;
}

/** What a refusal carries beside its message, whatever shape the router gives to other errors. */
export interface RefusalData {
  /** tRPC's code, such as `UNAUTHORIZED`. */
  readonly code: TRPCError["code"];
  readonly httpStatus: number;
  readonly path?: string;
  readonly reason: AuthErrorCode;
  /** Seconds after which trying again can help. */
  readonly retryAfter?: number;
  /** Of `reauthentication_required`: seconds ago at most, and how many factors where one is not enough. */
  readonly maxAge?: number;
  readonly acr?: "2";
}

/** A refusal, as tRPC sends it. */
export type RefusalShape = TRPCErrorShape<RefusalData>;

/** A builder of procedures for callers with a good token, for `.concat()` in a router whose context has `authorization`. */
export type VerifiedProcedure = TRPCProcedureBuilder<
  AuthorizationContext,
  object,
  Verified,
  TRPCUnsetMarker,
  TRPCUnsetMarker,
  TRPCUnsetMarker,
  TRPCUnsetMarker,
  false,
  RefusalShape
>;

/** @typeParam Permission the permissions there are, so that one that is misspelt does not compile */
export interface VerifiedBuilders<Permission extends string = string> {
  /** For callers with a good token. */
  readonly verifiedProcedure: VerifiedProcedure;
  /** For callers who hold a permission at this moment, which is asked of the service. */
  permittedProcedure(permission: Permission): VerifiedProcedure;
  /**
   * For callers who showed who they are `maxAge` seconds ago at most, and with `acr` `2` by two factors, as their token says.
   *
   * @throws RangeError for a `maxAge` that is no number of seconds from 1 on, and where neither is asked
   */
  recentProcedure(asked: RecentAuthentication): VerifiedProcedure;
}

/**
 * A builder of procedures for callers with a good token. Refusals say why in `data.reason`, whatever the router's own formatter does: 401
 * for a token that is missing or not good, 503 `unavailable` with `retryAfter` when that cannot be told.
 *
 * @example
 * const t = initTRPC.context<{ authorization: string | undefined }>().create();
 * const protectedProcedure = t.procedure.concat(createVerifiedProcedure({ issuer, audience, jwks }));
 */
export function createVerifiedProcedure(options: TokenVerifierOptions): VerifiedProcedure {
  return createVerifiedBuilders(options).verifiedProcedure;
}

/**
 * The builders of procedures, by who may call, on one verifier.
 *
 * @example
 * const { permittedProcedure } = createVerifiedBuilders<"shop.delete_order">({ issuer, audience, jwks });
 * const cancel = t.procedure.concat(permittedProcedure("shop.delete_order")).mutation(...);
 */
export function createVerifiedBuilders<Permission extends string = string>(
  options: TokenVerifierOptions,
): VerifiedBuilders<Permission> {
  const verify = createTokenVerifier(options);
  return {
    verifiedProcedure: createBuilder(verify, {}),
    recentProcedure(asked) {
      requireQuestion(asked);
      return createBuilder(verify, asked);
    },
    permittedProcedure(permission) {
      requireService(options);
      return createBuilder(verify, { permission });
    },
  };
}

/** Without one, the procedure would be open to every good token, whatever its name says. */
function requireQuestion({ maxAge, acr }: AskedAuthentication): void {
  if (maxAge === undefined && acr === "2") return;
  if (!Number.isInteger(maxAge) || Number(maxAge) < 1)
    throw new RangeError("maxAge is not a number of seconds from 1 on");
}

function createBuilder(verify: VerifyToken, asked: Parameters<VerifyToken>[1]): VerifiedProcedure {
  // What `.errors()` gives to each procedure; the formatter of the router that they are put into stays for all other errors.
  const t = initTRPC.context<AuthorizationContext>().create({ isDev: false });
  return t.procedure.errors<RefusalShape | undefined>(formatRefusal).use(async ({ ctx, next }) => {
    const claims = await verifyCall(ctx, (token) => verify(token, asked));
    return next({ ctx: { claims, userId: claims.sub } });
  }) as VerifiedProcedure;
}

async function verifyCall(
  { authorization }: Partial<AuthorizationContext>,
  verify: (token: string) => Promise<AccessTokenClaims>,
): Promise<AccessTokenClaims> {
  const headers = authorization === null || authorization === undefined ? [] : [authorization].flat();
  try {
    const token = readBearerToken(headers);
    if (token === null) throw new AuthError("token_missing", "This call needs a bearer token: sign in first");
    return await verify(token);
  } catch (error) {
    throw isAuthError(error) ? toTrpcError(error) : error;
  }
}

/** Every refusal that a token can meet; what is not among them is the caller's token's fault as well. */
const codes: Partial<Record<AuthErrorCode, TRPCError["code"]>> = {
  permission_denied: "FORBIDDEN",
  reauthentication_required: "FORBIDDEN",
  unavailable: "SERVICE_UNAVAILABLE",
};

function toTrpcError(cause: AuthError): TRPCError {
  return new TRPCError({ code: codes[cause.code] ?? "UNAUTHORIZED", message: cause.message, cause });
}

interface Formatted {
  readonly error: TRPCError;
  readonly shape: TRPCDefaultErrorShape;
}

function formatRefusal({ error: { cause, code }, shape }: Formatted): RefusalShape | undefined {
  if (!isAuthError(cause)) return undefined;
  const { httpStatus, path } = shape.data;
  const { code: reason, retryAfter, maxAge, acr, message } = cause;
  const details = { ...(retryAfter && { retryAfter }), ...(maxAge && { maxAge }), ...(acr && { acr }) };
  const data = { code, httpStatus, ...(path !== undefined && { path }), reason, ...details };
  return { code: shape.code, message, data };
}

/**
 * The headers that go with refusals: `WWW-Authenticate` (RFC 6750 §3) and `Retry-After`. For `responseMeta` of an adapter.
 *
 * @example
 * createHTTPServer({ router, createContext, responseMeta });
 */
export function responseMeta({ errors }: { readonly errors: readonly TRPCError[] }): { headers: Headers } {
  const headers = new Headers();
  for (const { cause } of errors) {
    if (!isAuthError(cause)) continue;
    const challenge = findChallenge(cause.code, cause);
    if (challenge) headers.set("WWW-Authenticate", challenge);
    const wait = Math.max(cause.retryAfter ?? 0, Number(headers.get("Retry-After")));
    if (wait > 0) headers.set("Retry-After", String(wait));
  }
  return { headers };
}
