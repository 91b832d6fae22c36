import { recordEvent } from "../../audit/audit-log.ts";
import { AuthError } from "../../errors.ts";
import { parseGroupName } from "../../permissions/group-name.ts";
import {
  deleteGroup as deleteGroupRow,
  findGroup,
  type Group,
  insertGroup,
  isMember,
  listGroups as listGroupRows,
  lockGroup,
  renameGroup,
  replaceGroupPermissions,
} from "../../permissions/permission-store.ts";
import type { Queries } from "../../storage/database.ts";
import type { User } from "../../users/user.ts";
import { type Actor, requireStillSuperuser } from "../steps/authority.ts";
import type { Core } from "../steps/core.ts";
import { findMissingPermission, requirePermissions } from "../steps/held-permissions.ts";
import { readCursor, toPage, writeCursor } from "../steps/page-cursor.ts";
import { requireFitMembers } from "../steps/require-fit-for-rights.ts";
import { requireSameSet, requireUnchanged } from "../steps/require-unchanged.ts";
import { requireKnownPermissions } from "./user-grants.ts";

export interface ListGroupsInput {
  /** `nextCursor` of the page before. */
  readonly cursor?: string | undefined;
  readonly limit: number;
}

export interface GroupPageAnswer {
  readonly groups: readonly Group[];
  /** For the next page; null on the last. */
  readonly nextCursor: string | null;
}

/** One page of the groups, by name. */
export async function listGroups(core: Core, { cursor, limit }: ListGroupsInput): Promise<GroupPageAnswer> {
  const after = cursor === undefined ? undefined : readCursor(cursor, "name");
  const found = await listGroupRows(core.db, { after, limit: limit + 1 });
  const { listed, nextCursor } = toPage(found, limit, ({ name }) => writeCursor("name", name));
  return { groups: listed, nextCursor };
}

/** @throws AuthError `not_found` */
export async function getGroup(core: Core, id: string): Promise<Group> {
  return getGroupOrThrow(core.db, id);
}

export interface GroupInput {
  readonly name: string;
  readonly permissions: readonly string[];
}

export type GroupUpdate = { readonly [Field in keyof GroupInput]?: GroupInput[Field] | undefined };

/** @throws AuthError `identifier_taken`, `invalid_input`, `permission_denied` when it gives more than its maker has */
export async function createGroup(core: Core, admin: Actor, { name, permissions }: GroupInput): Promise<Group> {
  return core.db.transaction().execute(async (transaction) => {
    await requireStillSuperuser(transaction, admin.user);
    const id = await insertGroup(transaction, toGroupName(name));
    await setPermissions(transaction, admin, { id, permissions: [] }, permissions);
    const group = await getGroupOrThrow(transaction, id);
    await record(transaction, admin, { event: "group_created", group: id, permissions: group.permissions });
    return group;
  });
}

/**
 * Changes a group's name or what it gives.
 *
 * @param expected what of it was seen before: nothing is changed where it is something else by now
 * @throws AuthError `not_found`, `identifier_taken`, `invalid_input`, `changed_meanwhile`, `permission_denied` when it gives, before or after, a
 * permission that the administrator does not hold
 */
export async function updateGroup(
  core: Core,
  admin: Actor,
  id: string,
  { name, permissions }: GroupUpdate,
  expected?: GroupUpdate,
): Promise<Group> {
  return core.db.transaction().execute(async (transaction) => {
    const group = await lockGroupBelow(transaction, admin, id);
    requireUnchanged({ name: group.name }, { name: expected?.name });
    requireSameSet(group.permissions, expected?.permissions);
    const fields = [...(name === undefined ? [] : ["name"]), ...(permissions ? ["permissions"] : [])];
    if (fields.length === 0) return group;
    if (name !== undefined) await renameGroup(transaction, id, toGroupName(name));
    if (permissions) await setPermissions(transaction, admin, group, permissions);
    const updated = await getGroupOrThrow(transaction, id);
    await record(transaction, admin, { event: "group_updated", group: id, fields, permissions: updated.permissions });
    return updated;
  });
}

/**
 * Deletes a group; its members keep what they have by themselves.
 *
 * @throws AuthError `not_found`, `permission_denied` when it gives a permission that the administrator does not hold
 */
export async function deleteGroup(core: Core, admin: Actor, id: string): Promise<void> {
  await core.db.transaction().execute(async (transaction) => {
    const { permissions } = await lockGroupBelow(transaction, admin, id);
    await deleteGroupRow(transaction, id);
    await record(transaction, admin, { event: "group_deleted", group: id, permissions });
  });
}

/** A group, locked until the transaction ends, if it gives nothing that the administrator does not hold. */
async function lockGroupBelow(transaction: Queries, { user }: Actor, id: string): Promise<Group> {
  await lockGroup(transaction, id);
  await requireStillSuperuser(transaction, user);
  const group = await getGroupOrThrow(transaction, id);
  const unheld = user && (await findMissingPermission(transaction, user, group.permissions));
  if (unheld)
    throw new AuthError("permission_denied", `That group gives ${unheld}: only who holds it changes the group`);
  return group;
}

async function setPermissions(
  transaction: Queries,
  { user }: Actor,
  { id, permissions: present }: Pick<Group, "id" | "permissions">,
  wanted: readonly string[],
): Promise<void> {
  const permissions = [...new Set(wanted)];
  await requireKnownPermissions(transaction, permissions);
  const added = permissions.filter((permission) => !present.includes(permission));
  await requirePermissions(transaction, user, added);
  if (added.length > 0) await forbidSelfGrant(transaction, user, id);
  if (present.length === 0 && added.length > 0) await requireFitMembers(transaction, id);
  await replaceGroupPermissions(transaction, id, permissions);
}

/** What people could put into a group of theirs would stay with them when the group that it came by has gone. */
async function forbidSelfGrant(transaction: Queries, user: User | null, groupId: string): Promise<void> {
  if (!user || user.isSuperuser || !(await isMember(transaction, user.id, groupId))) return;
  throw new AuthError("permission_denied", "Nobody gives rights to themselves, be it by a group of theirs");
}

function toGroupName(typed: string): string {
  const name = parseGroupName(typed);
  if (name !== null) return name;
  const issues = [{ path: ["name"], code: "invalid_format" as const, message: "is one line of 1 to 150 characters" }];
  throw new AuthError("invalid_input", "The input is not valid", { issues });
}

function record(transaction: Queries, { user, facts }: Actor, event: Parameters<typeof recordEvent>[1]) {
  return recordEvent(transaction, event, { ...facts, actorId: user?.id ?? null, subjectId: null });
}

async function getGroupOrThrow(db: Queries, id: string): Promise<Group> {
  const group = await findGroup(db, id);
  if (!group) throw notFound();
  return group;
}

function notFound(): AuthError {
  return new AuthError("not_found", "There is no such group");
}
