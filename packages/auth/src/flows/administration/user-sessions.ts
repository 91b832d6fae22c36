import { recordEvent } from "../../audit/audit-log.ts";
import { AuthError } from "../../errors.ts";
import { endSessions } from "../../sessions/session-store.ts";
import type { Queries } from "../../storage/database.ts";
import { lockUser } from "../../users/user-store.ts";
import { type Administrator, changeWithAuthority, getUserOrThrow, requireAuthorityOver } from "../steps/authority.ts";
import type { Core, RequestInfo } from "../steps/core.ts";
import { type Device, listDevicesOf } from "../steps/list-devices.ts";
import { maskAddress, seesContact } from "../steps/masked-contact.ts";
import { endChanges } from "../steps/pending-change.ts";
import { recordRead } from "../steps/record-read.ts";
import { forgetDeviceOfSession } from "../steps/remembered-device.ts";
import { revokeAccess } from "../steps/revoke-access.ts";

/**
 * Where somebody is signed in, the last used first. It tells where people are, so it is for those who could end the sessions, with addresses
 * masked for who may not see them.
 *
 * @throws AuthError `not_found`, `permission_denied` when the account stands above
 */
export async function listSessionsOf(core: Core, admin: Administrator, id: string): Promise<Device[]> {
  const target = await getUserOrThrow(core, id);
  await requireAuthorityOver(core.db, admin.user, target);
  const devices = await listDevicesOf(core, target.id);
  await recordRead(core, admin, { what: "sessions", count: devices.length, subjectId: target.id });
  if (admin.user.id === target.id || (await seesContact(core, admin))) return devices;
  return devices.map((device) => ({
    ...device,
    address: device.address === null ? null : maskAddress(device.address),
  }));
}

/**
 * Ends all sessions of a user, or the one that is named, and answers how many.
 *
 * @throws AuthError `not_found`, for a session that is not theirs or not live too; `permission_denied`
 */
export async function endSessionsOf(
  core: Core,
  { user: actor, facts }: Administrator,
  id: string,
  sessionId?: string,
): Promise<number> {
  return changeWithAuthority(core, actor, id, (transaction, target) =>
    endSessionsAndRecord(core, transaction, sessionId, { ...facts, actorId: actor.id, subjectId: target.id }),
  );
}

type About = Parameters<typeof recordEvent>[2] & { readonly subjectId: string };

/** Ends sessions of the user whom the event is about in the caller's transaction. Throws AuthError `not_found`. */
export async function endSessionsAndRecord(
  core: Core,
  transaction: Queries,
  sessionId: string | undefined,
  about: About,
): Promise<number> {
  const because = "ended_by_administrator";
  const facts = { ...about, userAgent: null };
  const { actorId, subjectId: userId } = about;
  const count =
    sessionId === undefined
      ? await revokeAccess(core, transaction, { userId, reason: because, actorId, facts })
      : await endOne(core, transaction, { userId, sessionId, actorId, facts });
  if (count > 0) await recordEvent(transaction, { event: "sessions_ended", because, count }, about);
  else if (sessionId !== undefined) throw new AuthError("not_found", "There is no such session of that user");
  return count;
}

interface SessionToEnd {
  readonly userId: string;
  readonly sessionId: string;
  readonly actorId: string | null;
  readonly facts: RequestInfo;
}

async function endOne(
  core: Core,
  transaction: Queries,
  { userId, sessionId, actorId, facts }: SessionToEnd,
): Promise<number> {
  await lockUser(transaction, userId);
  const ending = { userId, id: sessionId, reason: "ended_by_administrator" } as const;
  const { length: count } = await endSessions(transaction, ending);
  if (count > 0) await forgetDeviceOfSession(transaction, userId, sessionId);
  await endChanges(core, transaction, { userId, ofSession: sessionId }, { ...facts, actorId, by: "sessions_ended" });
  return count;
}
