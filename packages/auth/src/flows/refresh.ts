import { recordEvent } from "../audit/audit-log.ts";
import { AuthError } from "../errors.ts";
import { deriveSuccessor, parseRefreshToken, type RefreshToken } from "../sessions/refresh-token.ts";
import { endSession } from "../sessions/session-store.ts";
import { answerSession, type SessionAnswer } from "./answer-session.ts";
import type { Core, RequestFacts } from "./core.ts";
import { countForgery } from "./count-forgery.ts";
import { rotateSession } from "./rotate-session.ts";

/**
 * Exchanges a refresh token for its successor and a new access token. The same token within the grace time gets the same
 * successor, so that an answer that was lost is had by asking again and several tabs never part ways. A token of an earlier
 * generation after that is in two hands: the session ends.
 *
 * @throws AuthError `refresh_token_invalid`, `refresh_token_reused`, `session_ended`, `account_disabled`, `rate_limited`
 */
export async function refresh(core: Core, refreshToken: string, facts: RequestFacts): Promise<SessionAnswer> {
  const presented = await readRefreshToken(core, refreshToken, facts);
  const successor = deriveSuccessor(core.refreshKey, presented);
  const rotated = await rotateSession(core, core.db, { presented: presented.hash, successor, facts });
  return rotated ? answerSession(core, { ...rotated, refreshToken: successor }) : refuse(core, presented, facts);
}

async function readRefreshToken(core: Core, text: string, facts: RequestFacts): Promise<RefreshToken> {
  try {
    return parseRefreshToken(core.refreshKey, text);
  } catch (error) {
    await countForgery(core, "refresh_address", facts);
    throw error;
  }
}

/** Says why a genuine token was not taken, and ends the session when that is because the token was used before. */
async function refuse(core: Core, { sessionId }: RefreshToken, facts: RequestFacts): Promise<never> {
  const caller = await core.readCaller({ sessionId, kid: null });
  if (!caller?.isLive) throw new AuthError("session_ended", "The session has ended: sign in again");
  if (!caller.user.isActive) throw new AuthError("account_disabled", "The account is disabled");
  await core.db.transaction().execute(async (transaction) => {
    const ended = await endSession(transaction, { id: sessionId, reason: "refresh_token_reused" });
    if (!ended) return;
    const happened = { event: "refresh_token_reused", sessionId } as const;
    await recordEvent(transaction, happened, { ...facts, actorId: null, subjectId: ended.userId });
  });
  throw new AuthError("refresh_token_reused", "The refresh token was used before: the session has been ended");
}
