import { recordEvent } from "../../audit/audit-log.ts";
import { AuthError } from "../../errors.ts";
import { endSecondFactorTickets } from "../../second-factors/second-factor-ticket-store.ts";
import { endSessions } from "../../sessions/session-store.ts";
import type { Queries } from "../../storage/database.ts";
import { lockUser, markOldTokensEnded } from "../../users/user-store.ts";
import { type Administrator, changeWithAuthority, getUserOrThrow, requireAuthorityOver } from "../steps/authority.ts";
import type { Core } from "../steps/core.ts";
import { type Device, listDevicesOf } from "../steps/list-devices.ts";
import { maskAddress, seesContact } from "../steps/masked-contact.ts";
import { endChanges } from "../steps/pending-change.ts";
import { recordRead } from "../steps/record-read.ts";
import { forgetDeviceOfSession, forgetRememberedDevices } from "../steps/remembered-device.ts";

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
    endAndRecord(core, transaction, sessionId, { ...facts, actorId: actor.id, subjectId: target.id }),
  );
}

type About = Parameters<typeof recordEvent>[2] & { readonly subjectId: string };

/** Ends sessions of the user whom the event is about in the caller's transaction. Throws AuthError `not_found`. */
export async function endAndRecord(
  core: Core,
  transaction: Queries,
  sessionId: string | undefined,
  about: About,
): Promise<number> {
  const because = "ended_by_administrator";
  const only = sessionId === undefined ? {} : { id: sessionId };
  // A token of another system that has not been used here yet is a session as well.
  if (sessionId === undefined) {
    await markOldTokensEnded(transaction, about.subjectId);
    await endSecondFactorTickets(transaction, about.subjectId);
  } else await lockUser(transaction, about.subjectId);
  const { length: count } = await endSessions(transaction, { userId: about.subjectId, ...only, reason: because });
  if (sessionId === undefined) await forgetRememberedDevices(transaction, { userId: about.subjectId });
  else if (count > 0) await forgetDeviceOfSession(transaction, about.subjectId, sessionId);
  const ofSession = sessionId === undefined ? {} : { ofSession: sessionId };
  const changes = { userId: about.subjectId, ...ofSession };
  await endChanges(core, transaction, changes, { ...about, userAgent: null, by: "sessions_ended" });
  if (count > 0) await recordEvent(transaction, { event: "sessions_ended", because, count }, about);
  else if (sessionId !== undefined) throw new AuthError("not_found", "There is no such session of that user");
  return count;
}
