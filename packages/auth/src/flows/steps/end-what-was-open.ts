import { endChallenges } from "../../challenges/challenge-store.ts";
import { endSessions } from "../../sessions/session-store.ts";
import type { Queries } from "../../storage/database.ts";
import { markOldTokensEnded } from "../../users/user-store.ts";

/** Ends what must not outlive a password: old tokens, sessions, and codes that are under way. Answers how many sessions. */
export async function endWhatWasOpen(transaction: Queries, userId: string): Promise<number> {
  await markOldTokensEnded(transaction, userId);
  await endChallenges(transaction, userId);
  const ended = await endSessions(transaction, { userId, reason: "password_changed" });
  return ended.length;
}
