import { findGrants } from "../../permissions/permission-store.ts";
import type { User } from "../../users/user.ts";
import type { Core } from "./core.ts";
import { findPermissions } from "./held-permissions.ts";
import { listActivity, type OwnEvent } from "./list-activity.ts";
import { type Device, listDevicesOf } from "./list-devices.ts";
import { readPersonalRecords } from "./personal-records.ts";

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
  /** Every row about the person, by table, without secrets. */
  readonly records: Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>;
}

/** More would be no use to a reader, and a long wait. */
const mostEvents = 1_000;

/** Everything that is kept about a user. */
export async function exportUser(core: Core, user: User): Promise<OwnData> {
  const { groups } = await findGrants(core.db, user.id);
  const permissions = await findPermissions(core, user);
  const sessions = await listDevicesOf(core, user.id);
  const { events } = await listActivity(core, { user }, { limit: mostEvents });
  const records = await readPersonalRecords(core.db, user.id);
  return { user, groups: groups.map(({ name }) => name), permissions, sessions, activity: events, records };
}
