import { AuthError } from "../../errors.ts";
import { takeChange, takeChanges } from "../../pending-changes/pending-change-store.ts";
import { toNetwork } from "../../throttling/address.ts";
import { lockUser } from "../../users/user-store.ts";
import type { Core, Principal, RequestInfo } from "../steps/core.ts";
import { toCountedName } from "../steps/counted-name.ts";
import { findNamedAccount, readName } from "../steps/find-named.ts";
import { nobody } from "../steps/gate.ts";
import { mayStopChanges } from "../steps/known-device.ts";
import { lockOwner } from "../steps/lock-owner.ts";
import { listWaitingChanges, type PendingChange, toPendingChange } from "../steps/pending-change.ts";
import { stopChange, tellLost } from "../steps/stop-change.ts";
import { stopDeletion } from "../steps/stop-deletion.ts";
import { stopRecoveryCodes } from "../steps/stop-recovery-codes.ts";

/** The changes of the caller's account that wait, the first due first. */
export async function listPendingChanges(core: Core, { user, session }: Principal): Promise<PendingChange[]> {
  return (await listWaitingChanges(core.db, user.id)).map((change) => toPendingChange(change, session.id));
}

/**
 * Stops a change of the caller's account that waits, whichever session asked for it. A name that is there already, and whose codes do not
 * open the account yet, is taken away.
 *
 * @throws AuthError `session_ended`; `not_found` where there is none, or it is due
 */
export async function stopPendingChange(core: Core, caller: Principal, id: string, facts: RequestInfo): Promise<void> {
  const { user } = caller;
  const lost = await core.db.transaction().execute(async (transaction) => {
    // In the order of whoever administers, so that the two wait for one another and never both.
    await lockOwner(transaction, caller);
    const change = await takeChange(transaction, core.pendingKey(), { id, userId: user.id });
    if (!change) throw new AuthError("not_found", "There is no such change, or it is done");
    return stopChange(core, transaction, change, { ...facts, by: "session", actorId: user.id });
  });
  if (lost) await tellLost(core, user.id, [lost], { by: "owner", request: facts });
}

export interface StopChangesInput {
  /** A name of the account, or one that it had. */
  readonly username: string;
  /** What a sign-in with this device answered. */
  readonly deviceMark?: string | undefined;
}

/**
 * Stops whatever waits for an account, its deletion and recovery codes too, from a device that has signed in to it, without a session: whoever took over its password may have
 * ended them all. A name and a device that do not fit are answered alike.
 *
 * @throws AuthError `rate_limited`, `invalid_input` for digits that are two phone numbers
 */
export async function stopPendingChanges(
  core: Core,
  { username, deviceMark }: StopChangesInput,
  facts: RequestInfo,
): Promise<void> {
  const name = readName(core, username, "username");
  const network = toNetwork(facts.address);
  const counted = toCountedName(name, username);
  await core.throttle.consume([
    { limit: "start_code_name_and_address", of: network === null ? [counted] : [counted, network] },
    ...(network === null ? [] : [{ limit: "start_code_address", of: [network] } as const]),
  ]);
  const found = await findNamedAccount(core.db, name, username);
  const mayStop = await mayStopChanges(core, found?.id ?? nobody, deviceMark);
  if (!found || !mayStop) return;
  const lost = await core.db.transaction().execute(async (transaction) => {
    await lockUser(transaction, found.id);
    const stopping = { userId: found.id, by: "device", actorId: null, facts } as const;
    await stopDeletion(core, transaction, stopping);
    await stopRecoveryCodes(core, transaction, stopping);
    const changes = await takeChanges(transaction, core.pendingKey(), { userId: found.id });
    const kinds: ("phone" | "email")[] = [];
    for (const change of changes) {
      const kind = await stopChange(core, transaction, change, { ...facts, by: "device", actorId: null });
      if (kind) kinds.push(kind);
    }
    return kinds;
  });
  if (lost.length > 0) await tellLost(core, found.id, lost, { by: "owner", request: facts });
}
