import { recordEvent } from "../../audit/audit-log.ts";
import { AuthError } from "../../errors.ts";
import {
  findGrants,
  findPermissionsOfGroups,
  lockGroups,
  lockPermissions,
  replaceUserGroups,
  replaceUserPermissions,
} from "../../permissions/permission-store.ts";
import type { Queries } from "../../storage/database.ts";
import type { User } from "../../users/user.ts";
import { type Administrator, changeWithAuthority } from "../steps/authority.ts";
import type { Core } from "../steps/core.ts";
import { forbidTestAccount } from "../steps/forbid-test-account.ts";
import { requirePermissions } from "../steps/held-permissions.ts";
import { keepNotice } from "../steps/keep-notice.ts";
import { requireFitForRights } from "../steps/require-fit-for-rights.ts";
import { requireSameSet } from "../steps/require-unchanged.ts";
import { type AdministeredUser, readUser } from "./users.ts";

/**
 * Makes a user's groups exactly those given.
 *
 * @param expected the groups that they were in when that was looked at
 * @throws AuthError `not_found`, `invalid_input`, `changed_meanwhile`, `permission_denied` when a group gives more than the giver has, or is
 * for the giver
 */
export async function setGroups(
  core: Core,
  { user: actor, facts }: Administrator,
  id: string,
  groupIds: readonly string[],
  expected?: readonly string[],
): Promise<AdministeredUser> {
  const wanted = toGroupIds(groupIds);
  const seen = expected && toGroupIds(expected);
  await changeWithAuthority(core, actor, id, async (transaction, target) => {
    const { groups } = await findGrants(transaction, id);
    const present = new Set(groups.map((group) => group.id));
    requireSameSet([...present], seen);
    const added = wanted.filter((groupId) => !present.has(groupId));
    forbidSelfGrant(actor, target, added);
    if (added.length > 0) await forbidTestAccount(transaction, id);
    await lockGroups(transaction, added);
    const { found, permissions } = await findPermissionsOfGroups(transaction, added);
    if (found !== added.length) throw unknown("groupIds", "names a group that does not exist");
    if (permissions.length > 0) await requireFitForRights(core, transaction, id);
    await requirePermissions(transaction, actor, permissions);
    await replaceUserGroups(transaction, id, wanted);
    const about = { ...facts, actorId: actor.id, subjectId: id };
    await recordEvent(transaction, { event: "groups_set", groups: wanted }, about);
    await keepNotice(core, transaction, { userId: id, kind: "rights_changed", facts: null });
  });
  return readUser(core, id, { user: actor, facts });
}

/** As the database writes them, each once: a caller may write the letters of an id large. */
const toGroupIds = (ids: readonly string[]) => [...new Set(ids.map((id) => id.toLowerCase()))];

/**
 * Makes a user's own permissions exactly those given.
 *
 * @param expected those that they had when that was looked at
 * @throws AuthError `not_found`, `invalid_input`, `changed_meanwhile`, `permission_denied` when the giver does not hold them, or they are for
 * the giver
 */
export async function setPermissions(
  core: Core,
  { user: actor, facts }: Administrator,
  id: string,
  permissions: readonly string[],
  expected?: readonly string[],
): Promise<AdministeredUser> {
  const wanted = [...new Set(permissions)].sort();
  await changeWithAuthority(core, actor, id, async (transaction, target) => {
    await requireKnownPermissions(transaction, wanted);
    const { permissions: held } = await findGrants(transaction, id);
    requireSameSet(held, expected);
    const added = wanted.filter((permission) => !held.includes(permission));
    forbidSelfGrant(actor, target, added);
    if (added.length > 0) await requireFitForRights(core, transaction, id);
    await requirePermissions(transaction, actor, added);
    await replaceUserPermissions(transaction, id, wanted);
    const about = { ...facts, actorId: actor.id, subjectId: id };
    await recordEvent(transaction, { event: "permissions_set", permissions: wanted }, about);
    await keepNotice(core, transaction, { userId: id, kind: "rights_changed", facts: null });
  });
  return readUser(core, id, { user: actor, facts });
}

/** @throws AuthError `invalid_input` */
export async function requireKnownPermissions(db: Queries, permissions: readonly string[]): Promise<void> {
  const known = await lockPermissions(db, permissions);
  if (permissions.every((permission) => known.includes(permission))) return;
  throw unknown("permissions", "names a permission that does not exist");
}

/** What comes by a group goes with the group; what people could give to themselves would stay. */
function forbidSelfGrant(actor: User, target: User, added: readonly string[]): void {
  if (actor.isSuperuser || actor.id !== target.id || added.length === 0) return;
  throw new AuthError("permission_denied", "Nobody gives rights to themselves");
}

function unknown(field: string, message: string): AuthError {
  return new AuthError("invalid_input", "The input is not valid", {
    issues: [{ path: [field], code: "not_found", message }],
  });
}
