import { moveRememberedDevices } from "../../second-factors/remembered-device-store.ts";
import { createDeviceToken, type DeviceOwner, readDeviceToken } from "../../sessions/device-token.ts";
import { findRememberedOf } from "../../sessions/session-store.ts";
import type { Queries } from "../../storage/database.ts";
import { findDeviceOwner, incrementDeviceEpoch, listStoppingEpochs } from "../../users/user-store.ts";
import type { Core } from "./core.ts";
import { forgetRememberedDevices } from "./remembered-device.ts";

/** The id of a device that its owner has signed in with before; null for every other, and for nobody's. */
export function findKnownDevice(
  core: Core,
  account: DeviceOwner | null,
  deviceMark: string | undefined,
): string | null {
  return account && deviceMark !== undefined ? readDeviceToken(core.deviceKeys(), account, deviceMark) : null;
}

/**
 * Whether a device can stop what waits for an account: one that is known, or was until the devices were forgotten some days ago at most.
 * Whoever took over a session would otherwise forget them first.
 */
export async function mayStopChanges(core: Core, userId: string, deviceMark: string | undefined): Promise<boolean> {
  const epochs = await listStoppingEpochs(core.db, userId);
  return epochs.some((deviceEpoch) => findKnownDevice(core, { id: userId, deviceEpoch }, deviceMark) !== null);
}

/** What a device keeps that its owner has signed in with. */
export function markDevice(core: Core, owner: DeviceOwner, deviceId: string | null): string {
  return createDeviceToken(core.deviceKeys()[0], owner, deviceId, core.clock.now()).mark;
}

/** Whose devices are forgotten, and which one goes on. */
export interface DeviceThatGoesOn {
  readonly userId: string;
  /** Of the device that does it, where it is known. */
  readonly deviceId?: string | null;
  /** The session that does it, whose device stays remembered where it is. */
  readonly sessionId?: string;
}

/**
 * Forgets every device of an account, in the transaction of what is the reason: a reset, the end of all other sessions, a number that was
 * changed or lost, or that its owner asked for it. Answers the mark with which the device goes on that does it, for the answer of the call.
 *
 * What was remembered at a second factor ends with it.
 */
export async function raiseDeviceEpoch(
  core: Core,
  transaction: Queries,
  { userId, deviceId = null, sessionId }: DeviceThatGoesOn,
): Promise<{ readonly deviceEpoch: number; readonly deviceMark: string }> {
  const deviceEpoch = await incrementDeviceEpoch(transaction, userId);
  const except = sessionId === undefined ? null : await findRememberedOf(transaction, sessionId);
  await forgetRememberedDevices(transaction, { userId, except });
  if (except !== null) await moveRememberedDevices(transaction, userId, deviceEpoch);
  return { deviceEpoch, deviceMark: markDevice(core, { id: userId, deviceEpoch }, deviceId) };
}

/** What the device that asks kept from its last sign-in. */
export interface ShownDevice {
  readonly deviceMark?: string | undefined;
}

interface Forgetting extends ShownDevice {
  readonly userId: string;
  readonly sessionId: string;
}

/** The same but for the device that asks, where it shows that it is known. Answers its next mark. */
export async function forgetOtherDevices(
  core: Core,
  transaction: Queries,
  { userId, sessionId, deviceMark }: Forgetting,
): Promise<string> {
  const deviceId = findKnownDevice(core, await findDeviceOwner(transaction, userId), deviceMark);
  return (await raiseDeviceEpoch(core, transaction, { userId, deviceId, sessionId })).deviceMark;
}
