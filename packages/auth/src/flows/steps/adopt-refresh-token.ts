import { AuthError } from "../../errors.ts";
import { askBlacklist } from "../../imported-users/blacklist-store.ts";
import { deriveAdopted, type RefreshToken } from "../../sessions/refresh-token.ts";
import { adoptedSessionId, type RefreshingToken, verifySimplejwtRefresh } from "../../tokens/django-token.ts";
import { endOf, openAdoptedSession, refused, requireOldTokensAccepted, sourceOf } from "./adopt-old-token.ts";
import type { Core, RequestInfo } from "./core.ts";

/**
 * Gives a refresh token of djangorestframework-simplejwt a session at its first use here, and answers what stands for it from then on. Used
 * again it is judged as every refresh token: it has one session, which ends with its own `exp` at the latest. Null for any other text.
 *
 * @throws AuthError `refresh_token_invalid`, `session_ended`, `account_disabled`
 */
export async function adoptRefreshToken(core: Core, text: string, facts: RequestInfo): Promise<RefreshToken | null> {
  const { django } = core.options;
  if (!django || !text.includes(".")) return null;
  try {
    requireOldTokensAccepted(core.options);
    const token = await verifySimplejwtRefresh(text, Buffer.from(django.secretKey), core.options.clock);
    const sessionId = adoptedSessionId(text);
    const standIn = deriveAdopted(core.adoptedKey(), sessionId, text);
    // A session that is there already is judged by the chain of its tokens alone.
    if (!(await core.readCaller({ sessionId, kid: null })))
      await open(core, { token, sessionId, refreshHash: standIn.hash, facts });
    return standIn;
  } catch (error) {
    throw toRefusal(error);
  }
}

interface Opening {
  readonly token: RefreshingToken;
  readonly sessionId: string;
  readonly refreshHash: Buffer;
  readonly facts: RequestInfo;
}

async function open(core: Core, { token, sessionId, refreshHash, facts }: Opening): Promise<void> {
  const longest = token.issuedAt.getTime() + core.options.sessions.lifetime * 1000;
  const expiresAt = new Date(Math.min(endOf(token).getTime(), longest));
  await core.db.transaction().execute(async (transaction) => {
    await openAdoptedSession(core, transaction, { sessionId, django: token, refreshHash, expiresAt, facts });
    // Under the lock of the source that opening took: no round ends meanwhile.
    const verdict = await askBlacklist(transaction, sourceOf(core), token.id);
    if (verdict !== "good") throw refused(verdict);
  });
}

/** As of any other refresh token that is none: why stays in the cause. */
function toRefusal(error: unknown): unknown {
  const isOfToken = error instanceof AuthError && ["token_invalid", "token_expired"].includes(error.code);
  if (!isOfToken) return error;
  return new AuthError("refresh_token_invalid", "The refresh token is not valid", { cause: error.cause });
}
