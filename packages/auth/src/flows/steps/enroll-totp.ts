import { recordEvent } from "../../audit/audit-log.ts";
import { endChallenges } from "../../challenges/challenge-store.ts";
import { deletePasskeys, listPasskeys } from "../../passkeys/passkey-store.ts";
import { deleteTotp, putTotp } from "../../second-factors/totp-store.ts";
import type { Queries } from "../../storage/database.ts";
import { markSecondFactor } from "../../users/user-store.ts";
import type { Core, RequestInfo } from "./core.ts";
import { keepNotice } from "./keep-notice.ts";
import { type AccessToRevoke, revokeAccess } from "./revoke-access.ts";

interface Enrolment {
  readonly userId: string;
  readonly sealedSecret: Buffer;
  /** Of the one-time password that showed that the app has the secret. */
  readonly step: number;
  /** The session that goes on. */
  readonly keep?: string;
  readonly facts: RequestInfo;
}

/**
 * Makes an authenticator app the second factor of a user in the caller's transaction, and ends whatever was opened without it: every other
 * session, what is under way, and tokens of another system.
 */
export async function enrollTotp(
  core: Core,
  transaction: Queries,
  { userId, sealedSecret, step, keep, facts }: Enrolment,
): Promise<void> {
  await putTotp(transaction, { userId, sealedSecret, step });
  await markSecondFactor(transaction, userId, true);
  const sessionsEnded = await endOtherSessions(core, transaction, { userId, keep, facts });
  const about = { ...facts, actorId: userId, subjectId: userId };
  await recordEvent(transaction, { event: "second_factor_enrolled", method: "totp", sessionsEnded }, about);
  await keepNotice(core, transaction, { userId, kind: "second_factor_changed", facts });
}

/**
 * Takes the authenticator app of a user away; false where there is none. Who has a passkey besides goes on being asked for a second factor,
 * which it then is.
 */
export async function takeTotp(transaction: Queries, userId: string): Promise<boolean> {
  const isLast = (await listPasskeys(transaction, userId)).length === 0;
  if (isLast) await markSecondFactor(transaction, userId, false);
  return deleteTotp(transaction, userId);
}

/** Takes all of a user's factors away, the app and the passkeys: they were lost, and whoever has them must not get in. */
export async function removeAllFactors(transaction: Queries, userId: string): Promise<void> {
  await deletePasskeys(transaction, userId);
  await takeTotp(transaction, userId);
}

/**
 * Ends what a person had open before their second factor changed, with what was asked for there and waits: whoever was put out must not come
 * back by it. Answers how many sessions.
 */
export async function endOtherSessions(
  core: Core,
  transaction: Queries,
  others: Omit<AccessToRevoke, "reason">,
): Promise<number> {
  await endChallenges(transaction, others.userId);
  return revokeAccess(core, transaction, { ...others, reason: "second_factor_changed" });
}
