import { type AuditFacts, recordEvent } from "../../audit/audit-log.ts";
import type { SessionEnd } from "../../sessions/session.ts";
import { endAdoptedSessions } from "../../sessions/session-store.ts";
import type { Queries } from "../../storage/database.ts";
import { markOldTokensEnded } from "../../users/user-store.ts";

export interface OldTokensToEnd {
  readonly userId: string;
  /** The session that asks, which goes on. */
  readonly except?: string | undefined;
  readonly reason: SessionEnd;
}

/**
 * From now on no token of another system is adopted for this user, however young it is, and the sessions that such tokens opened end;
 * answers how many. It belongs to whatever changes here what a sign-in is made of: a new password, another name or the loss of one, a
 * second factor, disabling, ending all sessions. An import never calls it.
 */
export async function endOldTokens(transaction: Queries, { userId, except, reason }: OldTokensToEnd): Promise<number> {
  await markOldTokensEnded(transaction, userId);
  return endAdoptedSessions(transaction, { userIds: [userId], except, reason });
}

/** The same where the person, or another person's proof, has changed a name: it is an event of its own. */
export async function endOldTokensOf(
  transaction: Queries,
  about: AuditFacts & { readonly subjectId: string },
  except?: string,
): Promise<void> {
  const because = "revoked";
  const count = await endOldTokens(transaction, { userId: about.subjectId, except, reason: because });
  if (count > 0) await recordEvent(transaction, { event: "sessions_ended", because, count }, about);
}
