import { toNumericDate } from "../../clock.ts";
import { findExternalId } from "../../imported-users/imported-user-store.ts";
import { maximumTokenLifetime, signAccessToken } from "../../tokens/access-token.ts";
import { djangoLead } from "../../tokens/django-token.ts";
import { createTokenId } from "../../tokens/token-id.ts";
import type { User } from "../../users/user.ts";
import type { Core } from "./core.ts";
import { findOldClaims } from "./find-old-claims.ts";

export interface TokenToIssue {
  readonly user: User;
  readonly sessionId: string;
  /** The session's rotation at which it is issued. */
  readonly rotation: number;
  /** The session's own end, which it never outlives; NumericDate. */
  readonly notAfter: number;
}

/** Signs an access token for a session. */
export async function issueToken(
  core: Core,
  { user, sessionId, rotation, notAfter }: TokenToIssue,
): Promise<{ token: string; expiresAt: Date }> {
  const { issuer, audience, lifetime, profile } = core.options.tokens;
  const now = toNumericDate(core.clock.now());
  const iat = profile !== "standard" ? now - djangoLead : now;
  const exp = Math.min(now + lifetime, iat + maximumTokenLifetime, Math.max(notAfter, now + 1));
  const external = core.options.tokens.externalId ? await findExternal(core, user) : {};
  const identity = { iss: issuer, sub: user.id, sid: sessionId, jti: createTokenId(rotation), iat, exp, ...external };
  const claims =
    profile !== "standard" ? { ...identity, ...(await findOldClaims(core, user)) } : { ...identity, aud: audience };
  const token = await signAccessToken(claims, await core.findSigningKey());
  return { token, expiresAt: new Date(exp * 1000) };
}

/** Who was made here has no id elsewhere. */
async function findExternal(core: Core, user: User): Promise<{ external_id?: string }> {
  const found = await findExternalId(core.db, user.id, core.options.django?.source);
  return found === null ? {} : { external_id: found };
}
