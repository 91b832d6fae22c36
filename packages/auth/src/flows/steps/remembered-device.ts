import { recordEvent } from "../../audit/audit-log.ts";
import type { ResolvedOptions } from "../../options.ts";
import {
  deleteRememberedDevices,
  insertRememberedDevice,
  listSurplusDevices,
  type RememberedToForget,
  type RememberMark,
  useRememberedDevice,
} from "../../second-factors/remembered-device-store.ts";
import { describeDevice } from "../../sessions/device.ts";
import { endSessionsOfDevices, findRememberedOf, linkRememberedDevice } from "../../sessions/session-store.ts";
import type { Queries } from "../../storage/database.ts";
import type { Core, RequestInfo } from "./core.ts";
import type { GateAccount } from "./gate.ts";

/** Seconds for which an account's devices may be remembered at its second factor; null where they may not. */
export function rememberableFor(
  { options }: { readonly options: Pick<ResolvedOptions, "rememberedDevices"> },
  { state, factors }: Pick<GateAccount, "state" | "factors">,
): number | null {
  const { lifetime, of } = options.rememberedDevices;
  if (lifetime === "off") return null;
  const isForbidden = { all: false, no_rights: state.isHolderOfRights, optional: factors.isRequired }[of];
  return isForbidden ? null : lifetime;
}

/** A remembered device that takes the place of the second factor. */
export interface RememberedSignIn {
  readonly id: string;
  /** The session ends with it at the latest. */
  readonly secondsLeft: number;
}

export interface MarkToCheck {
  readonly account: GateAccount;
  readonly mark: string | undefined;
  readonly facts: RequestInfo;
}

/**
 * Finds the remembered device whose mark is shown beside the first factor, in the transaction of what that opens, and notes that it was used.
 * Null where none is, and where the account is asked for no second factor: then there is nothing to take the place of.
 */
export async function findRememberedDevice(
  core: Core,
  transaction: Queries,
  { account, mark, facts }: MarkToCheck,
): Promise<RememberedSignIn | null> {
  const lifetime = rememberableFor(core, account);
  if (mark === undefined || lifetime === null || !account.state.hasSecondFactor) return null;
  const { id: userId, deviceEpoch } = account;
  const device = describeDevice(facts.userAgent);
  return useRememberedDevice(transaction, { mark, userId, deviceEpoch, device, address: facts.address, lifetime });
}

/** Whose device is remembered, by the session in which the second factor was just shown. */
export interface DeviceToRemember {
  readonly userId: string;
  readonly deviceEpoch: number;
  readonly sessionId: string;
  readonly deviceName: string | undefined;
  readonly lifetime: number;
  readonly facts: RequestInfo;
}

/** Remembers a device, in the transaction that opens the session. */
export async function rememberDevice(
  transaction: Queries,
  { userId, deviceEpoch, sessionId, deviceName = undefined, lifetime, facts }: DeviceToRemember,
): Promise<RememberMark> {
  const device = describeDevice(facts.userAgent);
  const { address } = facts;
  const remembered = await insertRememberedDevice(transaction, {
    ...{ userId, deviceEpoch, device, deviceName: deviceName ?? null, address, lifetime },
  });
  await linkRememberedDevice(transaction, sessionId, remembered.id);
  const surplus = await listSurplusDevices(transaction, userId);
  if (surplus.length > 0) await forgetRememberedDevices(transaction, { userId, ids: surplus });
  const about = { ...facts, actorId: userId, subjectId: userId };
  await recordEvent(transaction, { event: "device_remembered", sessionId }, about);
  return remembered;
}

/** Forgets remembered devices, and ends the sessions that rest on them. Answers how many devices. */
export async function forgetRememberedDevices(transaction: Queries, which: RememberedToForget): Promise<number> {
  const forgotten = await deleteRememberedDevices(transaction, which);
  if (forgotten.length > 0) await endSessionsOfDevices(transaction, which.userId, forgotten);
  return forgotten.length;
}

/**
 * Forgets the device that a session was opened with, or in which it was ticked: who ends a session of another device means the device. False
 * where there is none.
 */
export async function forgetDeviceOfSession(transaction: Queries, userId: string, sessionId: string): Promise<boolean> {
  const id = await findRememberedOf(transaction, sessionId);
  return id !== null && (await forgetRememberedDevices(transaction, { userId, ids: [id] })) > 0;
}
