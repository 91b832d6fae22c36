import { findGrants } from "../../permissions/permission-store.ts";
import type { User } from "../../users/user.ts";
import type { Core, Principal } from "../steps/core.ts";
import { findPermissions } from "../steps/held-permissions.ts";
import { type Device, listDevicesOf } from "../steps/list-devices.ts";
import { listActivity, type OwnEvent } from "./activity.ts";

/** A copy of what is kept about a person; no password, token or code is in it, in any form. */
export interface OwnData<Person extends User = User> {
  readonly user: Person;
  /** The groups that the person is in, by name. */
  readonly groups: readonly string[];
  /** What the person may do, by themselves and by their groups. */
  readonly permissions: readonly string[];
  readonly sessions: readonly Device[];
  /** The newest first, {@link mostEvents} at most. */
  readonly activity: readonly OwnEvent[];
}

/** More would be no use to a reader, and a long wait. */
const mostEvents = 1_000;

/** Everything that is kept about the caller, for themselves. */
export async function exportOwnData(core: Core, caller: Principal): Promise<OwnData> {
  const { user } = caller;
  const [{ groups }, permissions, sessions, { events }] = await Promise.all([
    findGrants(core.db, user.id),
    findPermissions(core, user),
    listDevicesOf(core, user.id),
    listActivity(core, caller, { limit: mostEvents }),
  ]);
  return { user, groups: groups.map(({ name }) => name), permissions, sessions, activity: events };
}
