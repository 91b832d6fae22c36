import { readDeviceToken } from "../../sessions/device-token.ts";
import type { Core } from "./core.ts";

/** The id of a device that its owner has signed in with before; null for every other, and for nobody's. */
export function findKnownDevice(
  core: Core,
  account: { readonly id: string } | null,
  deviceMark: string | undefined,
): string | null {
  return account && deviceMark !== undefined ? readDeviceToken(core.deviceKeys(), account.id, deviceMark) : null;
}
