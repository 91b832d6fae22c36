import type { SessionEnd } from "../../sessions/session.ts";
import { endAdoptedSessions } from "../../sessions/session-store.ts";
import type { Queries } from "../../storage/database.ts";
import { markOldTokensEnded } from "../../users/user-store.ts";

/**
 * From now on no token of another system is adopted for this user, however young it is, and the sessions that such tokens opened end;
 * answers how many. It belongs to whatever changes here what a sign-in is made of: a new password, another name or the loss of one, a
 * second factor, disabling, ending all sessions. An import never calls it.
 */
export async function endOldTokens(
  transaction: Queries,
  { userId, reason }: { readonly userId: string; readonly reason: SessionEnd },
): Promise<number> {
  await markOldTokensEnded(transaction, userId);
  return endAdoptedSessions(transaction, { userIds: [userId], reason });
}
