import { toNumericDate } from "../../clock.ts";
import { findExternalId } from "../../imported-users/imported-user-store.ts";
import { toAuthenticationClaims } from "../../sessions/authentication.ts";
import type { Session } from "../../sessions/session.ts";
import { maximumTokenLifetime, signAccessToken } from "../../tokens/access-token.ts";
import { djangoLead } from "../../tokens/django-token.ts";
import { createTokenId } from "../../tokens/token-id.ts";
import type { User } from "../../users/user.ts";
import type { Core } from "./core.ts";
import { findOldClaims } from "./find-old-claims.ts";

export interface TokenToIssue {
  readonly user: User;
  readonly session: Pick<Session, "id" | "acr" | "amr" | "authTime">;
  /** The session's rotation whose answer it is in; null for one that is asked for by itself. */
  readonly rotation: number | null;
  /** The session's own end, which it never outlives; NumericDate. */
  readonly notAfter: number;
  /** The service's own unless told otherwise. */
  readonly audience?: string | null | undefined;
}

/** Signs an access token for a session. */
export async function issueToken(
  core: Core,
  { user, session, rotation, notAfter, audience }: TokenToIssue,
): Promise<{ token: string; expiresAt: Date }> {
  const { issuer, lifetime, profile } = core.options.tokens;
  const now = toNumericDate(core.clock.now());
  const iat = profile !== "standard" ? now - djangoLead : now;
  const exp = Math.min(now + lifetime, iat + maximumTokenLifetime, Math.max(notAfter, now + 1));
  const external = core.options.tokens.externalId ? await findExternal(core, user) : {};
  const identity = { iss: issuer, sub: user.id, sid: session.id, jti: createTokenId(rotation), iat, exp, ...external };
  const claims =
    profile !== "standard"
      ? { ...identity, ...(await findOldClaims(core, user)) }
      : { ...identity, aud: audience ?? core.options.tokens.audience, ...toAuthenticationClaims(session) };
  const token = await signAccessToken(claims, await core.findSigningKey());
  return { token, expiresAt: new Date(exp * 1000) };
}

/** Who was made here has no id elsewhere. */
async function findExternal(core: Core, user: User): Promise<{ external_id?: string }> {
  const found = await findExternalId(core.db, user.id, core.options.django?.source);
  return found === null ? {} : { external_id: found };
}
