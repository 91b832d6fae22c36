import { recordEvent } from "../../audit/audit-log.ts";
import { AuthError } from "../../errors.ts";
import { endSecondFactorTickets } from "../../second-factors/second-factor-ticket-store.ts";
import { endSessions } from "../../sessions/session-store.ts";
import type { Queries } from "../../storage/database.ts";
import { markOldTokensEnded } from "../../users/user-store.ts";
import type { Core, Principal, RequestInfo } from "../steps/core.ts";
import { forgetOtherDevices, type ShownDevice } from "../steps/known-device.ts";
import { type Device, listDevicesOf } from "../steps/list-devices.ts";
import { lockOwner } from "../steps/lock-owner.ts";
import { endChanges } from "../steps/pending-change.ts";
import { forgetDeviceOfSession } from "../steps/remembered-device.ts";

/** One of the caller's own. */
export interface OwnDevice extends Device {
  /** Whether it is the one that asks. */
  readonly current: boolean;
}

/** Where the caller is signed in, the last used first. */
export async function listSessions(core: Core, { user, session }: Principal): Promise<OwnDevice[]> {
  const devices = await listDevicesOf(core, user.id);
  return devices.map((device) => ({ ...device, current: device.id === session.id }));
}

/**
 * Ends one of the caller's sessions, which may be the present one.
 *
 * @throws AuthError `not_found` when there is no such session of theirs
 */
export async function revokeSession(core: Core, caller: Principal, id: string, facts: RequestInfo): Promise<void> {
  const count = await core.db.transaction().execute(async (transaction) => {
    // Before the session and its remembered device, as whatever else ends those.
    await lockOwner(transaction, caller);
    return end(core, transaction, { userId: caller.user.id, id }, facts);
  });
  if (count === 0) throw new AuthError("not_found", "There is no such session");
}

/** How many sessions were ended, and what this device keeps from now on. */
export interface OthersRevoked {
  readonly ended: number;
  /** For the next sign-in with this device, the only one that is known any more. Lets nobody in by itself. */
  readonly deviceMark: string;
}

/** Ends all of the caller's sessions but the present one, and forgets every other device. */
export async function revokeOtherSessions(
  core: Core,
  caller: Principal,
  facts: RequestInfo,
  { deviceMark }: ShownDevice = {},
): Promise<OthersRevoked> {
  const { user, session } = caller;
  return core.db.transaction().execute(async (transaction) => {
    await lockOwner(transaction, caller);
    // A token of another system that has not been used here yet is a session as well.
    await markOldTokensEnded(transaction, user.id);
    await endSecondFactorTickets(transaction, user.id);
    const ended = await end(core, transaction, { userId: user.id, except: session.id }, facts);
    const forgetting = { userId: user.id, sessionId: session.id, deviceMark };
    const nextMark = await forgetOtherDevices(core, transaction, forgetting);
    return { ended, deviceMark: nextMark };
  });
}

/**
 * Forgets every device that the caller has signed in with, this one excepted. Sessions stay as they are, but for those that rest on a
 * remembered device: `revokeOtherSessions` ends all besides.
 */
export async function forgetDevices(
  core: Core,
  caller: Principal,
  facts: RequestInfo,
  { deviceMark: shown }: ShownDevice = {},
): Promise<Pick<OthersRevoked, "deviceMark">> {
  const { user, session } = caller;
  return core.db.transaction().execute(async (transaction) => {
    await lockOwner(transaction, caller);
    const forgetting = { userId: user.id, sessionId: session.id, deviceMark: shown };
    const deviceMark = await forgetOtherDevices(core, transaction, forgetting);
    await recordEvent(transaction, { event: "devices_forgotten" }, { ...facts, actorId: user.id, subjectId: user.id });
    return { deviceMark };
  });
}

async function end(
  core: Core,
  transaction: Queries,
  which: { userId: string; id?: string; except?: string },
  facts: RequestInfo,
): Promise<number> {
  const { length: count } = await endSessions(transaction, { ...which, reason: "revoked" });
  if (which.id !== undefined && count > 0) await forgetDeviceOfSession(transaction, which.userId, which.id);
  const changes = {
    userId: which.userId,
    ...(which.id !== undefined && { ofSession: which.id }),
    ...(which.except !== undefined && { except: which.except }),
  };
  await endChanges(core, transaction, changes, { ...facts, by: "sessions_ended" });
  if (count === 0) return 0;
  const happened = { event: "sessions_ended", because: "revoked", count } as const;
  await recordEvent(transaction, happened, { ...facts, actorId: which.userId, subjectId: which.userId });
  return count;
}
