import { recordEvent } from "../../audit/audit-log.ts";
import { AuthError } from "../../errors.ts";
import { describeDevice } from "../../sessions/device.ts";
import { endSessions, listDevices } from "../../sessions/session-store.ts";
import { markOldTokensEnded } from "../../users/user-store.ts";
import type { Caller } from "../authentication/authenticate.ts";
import type { Core, RequestFacts } from "../steps/core.ts";

/** One place where a person is signed in. */
export interface Device {
  /** The session's id, for `sessions.revoke`. */
  readonly id: string;
  readonly createdAt: Date;
  /** To the minute. */
  readonly lastUsedAt: Date;
  readonly expiresAt: Date;
  /** The IP address it was last seen at when it signed in or refreshed. */
  readonly address: string | null;
  /** In words, such as `Chrome on Android`; null when the program did not say. */
  readonly device: string | null;
  /** What the program called it at its sign-in; null when it did not. */
  readonly deviceName: string | null;
}

/** One of the caller's own. */
export interface OwnDevice extends Device {
  /** Whether it is the one that asks. */
  readonly current: boolean;
}

/** Where the caller is signed in, the last used first. */
export async function listSessions(core: Core, { user, session }: Caller): Promise<OwnDevice[]> {
  const devices = await listDevicesOf(core, user.id);
  return devices.map((device) => ({ ...device, current: device.id === session.id }));
}

/** Where a user is signed in, the last used first, for whoever may know. */
export async function listDevicesOf(core: Core, userId: string): Promise<Device[]> {
  const stored = await listDevices(core.db, userId);
  return stored.map(({ userAgent, ...device }) => ({ ...device, device: describeDevice(userAgent) }));
}

/**
 * Ends one of the caller's sessions, which may be the present one.
 *
 * @throws AuthError `not_found` when there is no such session of theirs
 */
export async function revokeSession(core: Core, { user }: Caller, id: string, facts: RequestFacts): Promise<void> {
  const count = await endAndRecord(core, { userId: user.id, id }, facts);
  if (count === 0) throw new AuthError("not_found", "There is no such session");
}

/** Ends all of the caller's sessions but the present one, and answers how many. */
export async function revokeOtherSessions(core: Core, { user, session }: Caller, facts: RequestFacts): Promise<number> {
  return endAndRecord(core, { userId: user.id, except: session.id }, facts);
}

function endAndRecord(
  core: Core,
  which: { userId: string; id?: string; except?: string },
  facts: RequestFacts,
): Promise<number> {
  return core.db.transaction().execute(async (transaction) => {
    // A token of another system that has not been used here yet is a session as well.
    if (which.id === undefined) await markOldTokensEnded(transaction, which.userId);
    const { length: count } = await endSessions(transaction, { ...which, reason: "revoked" });
    if (count === 0) return 0;
    const happened = { event: "sessions_ended", because: "revoked", count } as const;
    await recordEvent(transaction, happened, { ...facts, actorId: which.userId, subjectId: which.userId });
    return count;
  });
}
