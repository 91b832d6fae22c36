import { recordEvent } from "../../audit/audit-log.ts";
import { AuthError } from "../../errors.ts";
import { endSessions } from "../../sessions/session-store.ts";
import { markOldTokensEnded } from "../../users/user-store.ts";
import type { Core, Principal, RequestInfo } from "../steps/core.ts";
import { type Device, listDevicesOf } from "../steps/list-devices.ts";
import { endChanges } from "../steps/pending-change.ts";

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
export async function revokeSession(core: Core, { user }: Principal, id: string, facts: RequestInfo): Promise<void> {
  const count = await endAndRecord(core, { userId: user.id, id }, facts);
  if (count === 0) throw new AuthError("not_found", "There is no such session");
}

/** Ends all of the caller's sessions but the present one, and answers how many. */
export async function revokeOtherSessions(
  core: Core,
  { user, session }: Principal,
  facts: RequestInfo,
): Promise<number> {
  return endAndRecord(core, { userId: user.id, except: session.id }, facts);
}

function endAndRecord(
  core: Core,
  which: { userId: string; id?: string; except?: string },
  facts: RequestInfo,
): Promise<number> {
  return core.db.transaction().execute(async (transaction) => {
    // A token of another system that has not been used here yet is a session as well.
    if (which.id === undefined) await markOldTokensEnded(transaction, which.userId);
    const { length: count } = await endSessions(transaction, { ...which, reason: "revoked" });
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
  });
}
