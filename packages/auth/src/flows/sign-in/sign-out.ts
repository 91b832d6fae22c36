import { recordEvent } from "../../audit/audit-log.ts";
import { endSession } from "../../sessions/session-store.ts";
import type { Queries } from "../../storage/database.ts";
import { toNetwork } from "../../throttling/address.ts";
import { findOldRefreshToken } from "../steps/adopt-refresh-token.ts";
import type { Core, RequestInfo } from "../steps/core.ts";
import { findRefreshToken } from "../steps/find-refresh-token.ts";

/**
 * Signs out the session of a refresh token, be it the present one or one that has been used up: whoever holds either was let in
 * once. One of the old backend opens no session afterwards, if it has not opened one yet. Says nothing of whether there was a session
 * (RFC 7009 §2.2).
 */
export async function signOut(core: Core, refreshToken: string, facts: RequestInfo): Promise<void> {
  const old = await findOldRefreshToken(core, refreshToken);
  const token = old ?? (await findRefreshToken(core, refreshToken));
  if (!token) return;
  const end = async (transaction: Queries) => {
    await old?.withdraw(transaction);
    const ended = await endSession(transaction, { id: token.sessionId, reason: "signed_out" });
    if (!ended) return;
    const { userId } = ended;
    await recordEvent(transaction, { event: "signed_out" }, { ...facts, actorId: userId, subjectId: userId });
  };
  await core.refreshLanes.run(toNetwork(facts.address), () => core.db.transaction().execute(end));
}
