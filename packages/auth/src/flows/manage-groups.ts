import { recordEvent } from "../audit/audit-log.ts";
import { AuthError } from "../errors.ts";
import {
  deleteGroup as deleteGroupRow,
  findGroup,
  type Group,
  insertGroup,
  listGroups as listAllGroups,
  lockGroup,
  renameGroup,
  replaceGroupPermissions,
} from "../permissions/permission-store.ts";
import type { Queries } from "../storage/database.ts";
import { type Administrator, requireKnownPermissions } from "./administer-users.ts";
import { requireHeld } from "./authorize.ts";
import type { Core } from "./core.ts";

/** All groups, by name. */
export function listGroups(core: Core): Promise<Group[]> {
  return listAllGroups(core.db);
}

export interface GroupInput {
  readonly name: string;
  readonly permissions: readonly string[];
}

export type GroupUpdate = { readonly [Field in keyof GroupInput]?: GroupInput[Field] | undefined };

/** @throws AuthError `identifier_taken`, `invalid_input`, `permission_denied` when it gives more than its maker has */
export async function createGroup(core: Core, admin: Administrator, { name, permissions }: GroupInput): Promise<Group> {
  return core.db.transaction().execute(async (transaction) => {
    const id = await insertGroup(transaction, name);
    await grant(transaction, admin, { id, wanted: permissions, held: [] });
    await record(transaction, admin, { event: "group_created", group: id });
    return getGroupOrThrow(transaction, id);
  });
}

/** @throws AuthError `not_found`, `identifier_taken`, `invalid_input`, `permission_denied` */
export async function updateGroup(
  core: Core,
  admin: Administrator,
  id: string,
  { name, permissions }: GroupUpdate,
): Promise<Group> {
  return core.db.transaction().execute(async (transaction) => {
    await lockGroup(transaction, id);
    const group = await getGroupOrThrow(transaction, id);
    if (name !== undefined) await renameGroup(transaction, id, name);
    if (permissions) await grant(transaction, admin, { id, wanted: permissions, held: group.permissions });
    const updated = await getGroupOrThrow(transaction, id);
    await record(transaction, admin, { event: "group_updated", group: id, permissions: updated.permissions });
    return updated;
  });
}

/** Deletes a group; its members keep what they have by themselves. Throws AuthError `not_found`. */
export async function deleteGroup(core: Core, admin: Administrator, id: string): Promise<void> {
  await core.db.transaction().execute(async (transaction) => {
    if (!(await deleteGroupRow(transaction, id))) throw notFound();
    await record(transaction, admin, { event: "group_deleted", group: id });
  });
}

interface GroupGrant {
  readonly id: string;
  readonly wanted: readonly string[];
  readonly held: readonly string[];
}

async function grant(transaction: Queries, { user }: Administrator, { id, wanted, held }: GroupGrant) {
  const permissions = [...new Set(wanted)];
  await requireKnownPermissions(transaction, permissions);
  await requireHeld(
    transaction,
    user,
    permissions.filter((permission) => !held.includes(permission)),
  );
  await replaceGroupPermissions(transaction, id, permissions);
}

function record(transaction: Queries, { user, facts }: Administrator, event: Parameters<typeof recordEvent>[1]) {
  return recordEvent(transaction, event, { ...facts, actorId: user.id, subjectId: null });
}

async function getGroupOrThrow(db: Queries, id: string): Promise<Group> {
  const group = await findGroup(db, id);
  if (!group) throw notFound();
  return group;
}

function notFound(): AuthError {
  return new AuthError("not_found", "There is no such group");
}
