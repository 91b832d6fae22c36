import { endChallenges } from "../../challenges/challenge-store.ts";
import { endSessions } from "../../sessions/session-store.ts";
import type { Queries } from "../../storage/database.ts";
import { markOldTokensEnded } from "../../users/user-store.ts";
import type { Core, RequestInfo } from "./core.ts";
import { endChanges } from "./pending-change.ts";

/** Ends what must not outlive a password: old tokens, sessions, codes that are under way, and changes that wait. Answers how many sessions. */
export async function endWhatWasOpen(
  core: Core,
  transaction: Queries,
  userId: string,
  facts: RequestInfo,
): Promise<number> {
  await markOldTokensEnded(transaction, userId);
  await endChallenges(transaction, userId);
  await endChanges(core, transaction, { userId }, { ...facts, by: "new_password" });
  const ended = await endSessions(transaction, { userId, reason: "password_changed" });
  return ended.length;
}
