import { recordEvent } from "../audit/audit-log.ts";
import { AuthError } from "../errors.ts";
import { parseRefreshToken, type RefreshToken } from "../sessions/refresh-token.ts";
import { endSessionByRefreshHash } from "../sessions/session-store.ts";
import type { Core, RequestFacts } from "./core.ts";

/**
 * Signs out the session of a refresh token. Says nothing of whether there was one (RFC 7009 §2.2): a token that is unknown,
 * forged or already used up has nothing left to end.
 */
export async function logout(core: Core, refreshToken: string, facts: RequestFacts): Promise<void> {
  const token = readRefreshToken(core, refreshToken);
  if (!token) return;
  await core.db.transaction().execute(async (transaction) => {
    const ended = await endSessionByRefreshHash(transaction, {
      id: token.sessionId,
      refreshHash: token.hash,
      reason: "signed_out",
    });
    if (!ended) return;
    const { userId } = ended;
    await recordEvent(transaction, { event: "signed_out" }, { ...facts, actorId: userId, subjectId: userId });
  });
}

function readRefreshToken(core: Core, text: string): RefreshToken | null {
  try {
    return parseRefreshToken(core.refreshKey, text);
  } catch (error) {
    if (error instanceof AuthError) return null;
    throw error;
  }
}
