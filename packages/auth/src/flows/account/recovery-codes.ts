import { AuthError } from "../../errors.ts";
import {
  type MadeRecoveryCodes,
  type RecoveryCodeStatus,
  readRecoveryCodes,
  settleRecoveryCodes,
} from "../../one-time-codes/recovery-code-store.ts";
import type { Queries } from "../../storage/database.ts";
import { isTestAccount } from "../../users/user-store.ts";
import type { Core, Principal, RequestInfo } from "../steps/core.ts";
import { readGateAccount } from "../steps/gate.ts";
import { lockOwner } from "../steps/lock-owner.ts";
import { makeRecoveryCodes, toWaiting } from "../steps/make-recovery-codes.ts";
import { requireRecently } from "../steps/recent-authentication.ts";
import { stopRecoveryCodes } from "../steps/stop-recovery-codes.ts";

/**
 * Makes ten recovery codes, which are shown here and never again; those before are good no more. Where nothing but a code that was sent
 * shows that it is the owner, or a reset is held, they are good after three days or when it is held no more, and those before until then: meanwhile any session of the account can stop
 * them, and ending the session that asked does.
 *
 * @throws AuthError `reauthentication_required`, `session_ended`, `permission_denied` for the account of a test number
 */
export async function createRecoveryCodes(
  core: Core,
  caller: Principal,
  facts: RequestInfo,
): Promise<MadeRecoveryCodes> {
  const { isByCodeAlone } = await requireRecently(core, caller);
  const { user, session } = caller;
  return changeOwnCodes(core, caller, async (transaction) => {
    if (await isTestAccount(transaction, user.id))
      throw new AuthError("permission_denied", "The account of a test number gets no other way in");
    const account = await readGateAccount(core, transaction, user.id);
    const waiting = toWaiting(account, { sessionId: session.id, isByCodeAlone });
    return makeRecoveryCodes(core, transaction, { userId: user.id, waiting, facts });
  });
}

/** How many recovery codes the caller has left, and since when; null when they have none. Never the codes. */
export function readOwnRecoveryCodes(core: Core, { user }: Principal): Promise<RecoveryCodeStatus | null> {
  return readRecoveryCodes(core.db, user.id);
}

/**
 * Withdraws the caller's recovery codes that wait to be good, and tells it like every change that is stopped. Any session of the account may
 * do so.
 *
 * @throws AuthError `not_found` when none wait
 */
export function stopOwnRecoveryCodes(core: Core, caller: Principal, facts: RequestInfo): Promise<void> {
  const { id } = caller.user;
  return changeOwnCodes(core, caller, async (transaction) => {
    if (!(await stopRecoveryCodes(core, transaction, { userId: id, by: "session", actorId: id, facts })))
      throw new AuthError("not_found", "There are no recovery codes that wait");
  });
}

/** One change of a person's codes at a time, with codes that have waited long enough in their place. */
function changeOwnCodes<T>(core: Core, caller: Principal, change: (transaction: Queries) => Promise<T>): Promise<T> {
  return core.db.transaction().execute(async (transaction) => {
    await lockOwner(transaction, caller);
    await settleRecoveryCodes(transaction, caller.user.id);
    return change(transaction);
  });
}
