import { recordEvent } from "../../audit/audit-log.ts";
import { AuthError } from "../../errors.ts";
import { listRememberedDevices, type StoredRememberedDevice } from "../../second-factors/remembered-device-store.ts";
import { findRememberedOf } from "../../sessions/session-store.ts";
import { findDeviceOwner } from "../../users/user-store.ts";
import type { Core, Principal, RequestInfo } from "../steps/core.ts";
import { lockOwner } from "../steps/lock-owner.ts";
import { forgetRememberedDevices } from "../steps/remembered-device.ts";

/** A device on which the caller is asked for no second factor. */
export interface OwnRememberedDevice extends StoredRememberedDevice {
  /** Whether it is the one that asks. */
  readonly current: boolean;
}

/** The devices on which the caller is asked for no second factor, the newest first. */
export async function listOwnRememberedDevices(
  core: Core,
  { user, session }: Principal,
): Promise<OwnRememberedDevice[]> {
  const { lifetime } = core.options.rememberedDevices;
  const owner = lifetime === "off" ? null : await findDeviceOwner(core.db, user.id);
  if (!owner || lifetime === "off") return [];
  const found = await listRememberedDevices(core.db, { userId: user.id, deviceEpoch: owner.deviceEpoch, lifetime });
  const own = await findRememberedOf(core.db, session.id);
  return found.map((device) => ({ ...device, current: device.id === own }));
}

/**
 * Has the second factor asked for again on one of these devices, and ends the sessions that were opened there without it, the present one too
 * where it is one.
 *
 * @throws AuthError `not_found`, `session_ended`
 */
export async function endRememberedDevice(
  core: Core,
  caller: Principal,
  id: string,
  facts: RequestInfo,
): Promise<void> {
  const { user } = caller;
  await core.db.transaction().execute(async (transaction) => {
    // Before the device and its sessions, as whatever else ends those.
    await lockOwner(transaction, caller);
    if ((await forgetRememberedDevices(transaction, { userId: user.id, ids: [id] })) === 0)
      throw new AuthError("not_found", "There is no such device");
    const about = { ...facts, actorId: user.id, subjectId: user.id };
    await recordEvent(transaction, { event: "remembered_device_ended" }, about);
  });
}
