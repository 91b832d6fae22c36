import { randomUUIDv7 } from "node:crypto";
import { toNumericDate } from "../clock.ts";
import { signAccessToken } from "../tokens/access-token.ts";
import { djangoClaims } from "../tokens/django-token.ts";
import type { User } from "../users/user.ts";
import type { Core } from "./core.ts";

/** Signs an access token for a session; it never outlives `notAfter`, the session's own end (NumericDate). */
export async function issueToken(
  core: Core,
  { user, sessionId, notAfter }: { user: User; sessionId: string; notAfter: number },
): Promise<{ token: string; expiresAt: Date }> {
  const { issuer, audience, lifetime, profile } = core.options.tokens;
  const iat = toNumericDate(core.clock.now());
  const exp = Math.min(iat + lifetime, Math.max(notAfter, iat + 1));
  const identity = { iss: issuer, sub: user.id, sid: sessionId, jti: randomUUIDv7(), iat, exp };
  const claims = profile === "django" ? { ...identity, ...djangoClaims(user) } : { ...identity, aud: audience };
  const token = await signAccessToken(claims, await core.findSigningKey());
  return { token, expiresAt: new Date(exp * 1000) };
}
