import { AuthError, type AuthErrorCode } from "../../errors.ts";
import { toAuthenticationClaims } from "../../sessions/authentication.ts";
import { toNetwork } from "../../throttling/address.ts";
import type { VerifiedToken } from "../../tokens/verified-tokens.ts";
import type { User } from "../../users/user.ts";
import type { Core, RequestInfo } from "../steps/core.ts";
import { findPermissions } from "../steps/held-permissions.ts";
import { limitForgedTokens } from "../steps/limit-forged-tokens.ts";
import { findCaller } from "./authenticate.ts";
import { requireAudience } from "./verify-token.ts";

/** What a token is worth now (RFC 7662 §2.2). */
export type TokenInspection =
  | { readonly active: false }
  | {
      readonly active: true;
      /** The user's id. */
      readonly sub: string;
      /** The session's id. */
      readonly sid: string;
      /** NumericDate. */
      readonly iat: number;
      readonly exp: number;
      readonly iss?: string;
      readonly aud?: string;
      readonly jti?: string;
      /** When its owner last showed who they are, as the session has it now; NumericDate. Absent where that is not known. */
      readonly auth_time?: number;
      /** `2` where they showed two factors, else `1`. */
      readonly acr?: "1" | "2";
      /** How, in the words of RFC 8176 §2. */
      readonly amr?: readonly string[];
      /** Those that its owner holds of the permissions that were asked for; absent when none were. */
      readonly permissions?: readonly string[];
    };

/** What is asked of a token besides. */
export interface TokenQuestion {
  /** Permissions of which is told whether the token's owner holds them. */
  readonly permissions?: readonly string[] | undefined;
  /** Whose API asks: a token of any other audience is not active. The service's own unless told otherwise. */
  readonly audience?: string | undefined;
}

/**
 * Tells whether a call with this token would be let in at this moment, and what the token claims. For a bad one it throws `rate_limited`
 * at the most.
 */
export async function inspectToken(
  core: Core,
  token: string,
  facts: RequestInfo,
  { permissions, audience = core.options.tokens.audience }: TokenQuestion = {},
): Promise<TokenInspection> {
  try {
    const verified = await verifyCounted(core, token, facts);
    requireAudience(verified, audience, core.options);
    const { user, session } = await findCaller(core, verified, facts);
    const held = permissions && { permissions: await findHeldOf(core, user, permissions) };
    const shown = toAuthenticationClaims(session);
    if (verified.kind === "own") return { active: true, ...verified.claims, ...shown, ...held };
    const { issuedAt, expiresAt } = verified.django;
    const times = { iat: toSeconds(issuedAt), exp: toSeconds(expiresAt) };
    return { active: true, sub: user.id, sid: session.id, ...times, ...shown, ...held };
  } catch (error) {
    if (error instanceof AuthError && !failures.includes(error.code)) return { active: false };
    throw error;
  }
}

/** As {@link authorize} lets calls go on: a superuser holds whatever is asked for. */
async function findHeldOf(core: Core, user: User, asked: readonly string[]): Promise<readonly string[]> {
  if (asked.length === 0 || user.isSuperuser) return asked;
  const held = await findPermissions(core, user);
  return asked.filter((permission) => held.includes(permission));
}

/** What says nothing of the token. */
const failures: readonly AuthErrorCode[] = ["unavailable", "overloaded", "rate_limited"];

async function verifyCounted(core: Core, token: string, facts: RequestInfo): Promise<VerifiedToken> {
  try {
    return await core.verifyToken(token, toNetwork(facts.address));
  } catch (error) {
    const isForged = error instanceof AuthError && error.code === "token_invalid";
    if (isForged) await limitForgedTokens(core, "verify_address", facts);
    throw error;
  }
}

const toSeconds = (date: Date) => date.getTime() / 1000;
