import { recordEvent } from "../../audit/audit-log.ts";
import { AuthError } from "../../errors.ts";
import type { Queries } from "../../storage/database.ts";
import type { Admission } from "../../throttling/throttle.ts";
import type { Core, Principal, RequestInfo } from "./core.ts";
import { type GateAccount, readGateAccount } from "./gate.ts";
import { recordExhausted } from "./record-exhausted.ts";
import { listMethods, secondFactorRequired } from "./second-factor.ts";
import { totpRefused, useTotp } from "./use-totp.ts";

/** A one-time password of somebody who is signed in, and in what it was counted. */
export interface OwnTotpAttempt {
  readonly typed: string;
  readonly admission: Admission;
}

/**
 * Counts a one-time password that is shown in a session before it is compared; null when none is shown.
 *
 * @throws AuthError `rate_limited`
 */
export async function countOwnTotp(
  core: Core,
  { user, session }: Principal,
  typed: string | undefined,
): Promise<OwnTotpAttempt | null> {
  if (typed === undefined) return null;
  const admission = await core.throttle.consume([
    { limit: "second_factor_session", of: [session.id] },
    { limit: "second_factor_sessions", of: [user.id] },
  ]);
  return { typed, admission };
}

/**
 * Uses the one-time password up that an account's owner shows besides, in the transaction of what it authorises.
 *
 * @throws AuthError `second_factor_required` without a ticket where none was shown, `code_invalid`
 */
export async function requireOwnTotp(
  core: Core,
  transaction: Queries,
  account: GateAccount,
  attempt: OwnTotpAttempt | null,
): Promise<void> {
  if (!attempt) throw secondFactorRequired({ methods: listMethods(account) });
  const { typed, admission } = attempt;
  const isRight = !admission.isLocked && (await useTotp(core, transaction, { userId: account.id, typed }));
  if (!isRight) throw totpRefused();
  await core.throttle.settle(transaction, admission.counted);
}

/** As {@link requireOwnTotp}, where the account has a second factor at all; answers whether it has. */
export async function requireOwnFactor(
  core: Core,
  transaction: Queries,
  userId: string,
  attempt: OwnTotpAttempt | null,
): Promise<boolean> {
  const account = await readGateAccount(core, transaction, userId);
  if (!account?.state.hasSecondFactor) return false;
  await requireOwnTotp(core, transaction, account, attempt);
  return true;
}

/** Writes down that a one-time password was refused, after what the refusal undid. */
export async function recordOwnRefusal(
  core: Core,
  {
    userId,
    attempt,
    error,
    facts,
  }: { userId: string; attempt: OwnTotpAttempt | null; error: unknown; facts: RequestInfo },
): Promise<never> {
  if (attempt && error instanceof AuthError && error.code === "code_invalid") {
    const because = attempt.admission.isLocked ? "locked" : "wrong_code";
    const about = { ...facts, actorId: userId, subjectId: userId };
    await recordEvent(core.db, { event: "second_factor_refused", because }, about);
    await recordExhausted(core.db, attempt.admission, about);
  }
  throw error;
}
