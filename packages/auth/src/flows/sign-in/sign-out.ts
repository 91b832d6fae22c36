import { recordEvent } from "../../audit/audit-log.ts";
import { endSession } from "../../sessions/session-store.ts";
import type { Core, RequestInfo } from "../steps/core.ts";
import { findRefreshToken } from "../steps/find-refresh-token.ts";

/**
 * Signs out the session of a refresh token, be it the present one or one that has been used up: whoever holds either was let in
 * once. Says nothing of whether there was a session (RFC 7009 §2.2).
 */
export async function signOut(core: Core, refreshToken: string, facts: RequestInfo): Promise<void> {
  const token = await findRefreshToken(core, refreshToken);
  if (!token) return;
  await core.db.transaction().execute(async (transaction) => {
    const ended = await endSession(transaction, { id: token.sessionId, reason: "signed_out" });
    if (!ended) return;
    const { userId } = ended;
    await recordEvent(transaction, { event: "signed_out" }, { ...facts, actorId: userId, subjectId: userId });
  });
}
