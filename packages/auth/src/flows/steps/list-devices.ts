import { describeDevice } from "../../sessions/device.ts";
import { listDevices } from "../../sessions/session-store.ts";
import type { Core } from "./core.ts";

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
  /**
   * The app that opened it by a redirect to the service's pages, and what people are told it is called, which is its id where the options name
   * no such app any more; null for every other.
   */
  readonly client: { readonly id: string; readonly name: string } | null;
}

/** Where a user is signed in, the last used first, for those who may know. */
export async function listDevicesOf(core: Core, userId: string): Promise<Device[]> {
  const stored = await listDevices(core.db, userId);
  return stored.map(({ userAgent, clientId, ...device }) => ({
    ...{ ...device, device: describeDevice(userAgent) },
    client: clientId === null ? null : { id: clientId, name: nameOfApp(core, clientId) },
  }));
}

const nameOfApp = ({ options }: Core, id: string): string => options.clients.find((app) => app.id === id)?.name ?? id;
