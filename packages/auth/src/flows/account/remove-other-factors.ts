import { recordEvent } from "../../audit/audit-log.ts";
import { AuthError } from "../../errors.ts";
import {
  type MadeRecoveryCodes,
  readRecoveryCodes,
  settleRecoveryCodes,
} from "../../one-time-codes/recovery-code-store.ts";
import { deleteOtherPasskeys, listPasskeys } from "../../passkeys/passkey-store.ts";
import { deleteTotp } from "../../second-factors/totp-store.ts";
import type { Queries } from "../../storage/database.ts";
import { markSecondFactor } from "../../users/user-store.ts";
import { requireWayInWithoutPasskeys } from "../steps/change-factors.ts";
import type { Core, Principal, RequestInfo } from "../steps/core.ts";
import { endOtherSessions } from "../steps/enroll-totp.ts";
import { forbidWhileHeld } from "../steps/forbid-while-held.ts";
import type { GateAccount } from "../steps/gate.ts";
import { keepNotice } from "../steps/keep-notice.ts";
import { forgetOtherDevices, type ShownDevice } from "../steps/known-device.ts";
import { lockOwnAccount } from "../steps/lock-owner.ts";
import { makeRecoveryCodes, toWaiting } from "../steps/make-recovery-codes.ts";
import { requireMoreThanCode } from "../steps/more-than-code.ts";

/** What stays, because its owner knows it. */
export interface FactorsToKeep extends ShownDevice {
  /** Ids of passkeys, as `listPasskeys` has them. */
  readonly keepPasskeys: readonly string[];
  /** Whether the authenticator app stays. */
  readonly keepTotp: boolean;
}

/** What somebody who was in the account has no more. */
export interface FactorsRemoved {
  /** How many passkeys. */
  readonly passkeys: number;
  /** Whether the authenticator app. */
  readonly totp: boolean;
  /** How many sessions. */
  readonly sessionsEnded: number;
  /** In the place of those before, shown here and never again; null for somebody who had none. */
  readonly recoveryCodes: MadeRecoveryCodes | null;
  /** For the next sign-in with this device, the only one that is known any more. Lets nobody in by itself. */
  readonly deviceMark: string;
}

/**
 * Takes away, in one step, whatever somebody else may have made in the caller's account: every passkey and the authenticator app but those
 * that are to be kept, the recovery codes of before, every other session and every other device. The last way into the account stays, and so
 * does the last factor of one that needs one.
 *
 * @throws AuthError `reauthentication_required`, `session_ended`; `not_found` for a passkey to keep that is not there; `permission_denied`, also for a session
 * of less than three days whose owner has shown nothing but a code that was sent, and while a reset is held
 */
export async function removeOtherFactors(
  core: Core,
  caller: Principal,
  { keepPasskeys, keepTotp, deviceMark }: FactorsToKeep,
  facts: RequestInfo,
): Promise<FactorsRemoved> {
  const { user, session } = caller;
  const { isByCodeAlone } = await requireMoreThanCode(core, caller);
  return core.db.transaction().execute(async (transaction) => {
    const account = await lockOwnAccount(core, transaction, caller);
    forbidWhileHeld(account);
    const hadCodes = await hasAnyCodes(transaction, user.id);
    const removed = await removeOthers(transaction, account, { keepPasskeys, keepTotp });
    const sessionsEnded = await endOtherSessions(core, transaction, { userId: user.id, keep: session.id, facts });
    await tell(core, transaction, { ...removed, sessionsEnded, userId: user.id, facts });
    const waiting = toWaiting(account, { sessionId: session.id, isByCodeAlone });
    const recoveryCodes = hadCodes
      ? await makeRecoveryCodes(core, transaction, { userId: user.id, waiting, facts })
      : null;
    const forgetting = { userId: user.id, sessionId: session.id, deviceMark };
    const nextMark = await forgetOtherDevices(core, transaction, forgetting);
    return { ...removed, sessionsEnded, recoveryCodes, deviceMark: nextMark };
  });
}

/** Those that wait among them. */
async function hasAnyCodes(transaction: Queries, userId: string): Promise<boolean> {
  await settleRecoveryCodes(transaction, userId);
  return (await readRecoveryCodes(transaction, userId)) !== null;
}

type Removed = Pick<FactorsRemoved, "passkeys" | "totp">;

async function removeOthers(
  transaction: Queries,
  { id: userId, state, factors }: GateAccount,
  { keepPasskeys: keep, keepTotp }: Pick<FactorsToKeep, "keepPasskeys" | "keepTotp">,
): Promise<Removed> {
  const own = (await listPasskeys(transaction, userId)).map(({ id }) => id);
  if (!keep.every((id) => own.includes(id))) throw new AuthError("not_found", "There is no such passkey");
  const hasTotp = factors.hasTotp && keepTotp;
  if (keep.length === 0) requireWayInWithoutPasskeys({ state, factors: { ...factors, hasTotp } });
  if (keep.length === 0 && !hasTotp) await markSecondFactor(transaction, userId, false);
  const totp = !keepTotp && (await deleteTotp(transaction, userId));
  return { passkeys: await deleteOtherPasskeys(transaction, { userId, keep }), totp };
}

interface Happened extends Removed {
  readonly sessionsEnded: number;
  readonly userId: string;
  readonly facts: RequestInfo;
}

/** An event for each, as if they had been removed one by one, and a notice for each kind. */
async function tell(core: Core, transaction: Queries, happened: Happened): Promise<void> {
  const { passkeys, totp, sessionsEnded, userId, facts } = happened;
  const about = { ...facts, actorId: userId, subjectId: userId };
  for (let one = 0; one < passkeys; one += 1)
    await recordEvent(transaction, { event: "passkey_removed", sessionsEnded }, about);
  if (passkeys > 0) await keepNotice(core, transaction, { userId, kind: "passkey_removed", facts });
  if (!totp) return;
  await recordEvent(transaction, { event: "second_factor_removed", method: "totp", sessionsEnded }, about);
  await keepNotice(core, transaction, { userId, kind: "second_factor_changed", facts });
}
