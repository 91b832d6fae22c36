import { recordEvent } from "../../audit/audit-log.ts";
import { AuthError } from "../../errors.ts";
import { parseGroupName } from "../../permissions/group-name.ts";
import {
  deleteUserGroup,
  deleteUserPermission,
  findGrants,
  findGroupByName,
  type Grants,
  type Group,
  insertUserGroup,
  insertUserPermission,
} from "../../permissions/permission-store.ts";
import type { User } from "../../users/user.ts";
import { type Account, lockUser, lockWithSuperusers } from "../../users/user-store.ts";
import { getUserOrThrow, operator } from "../steps/authority.ts";
import type { Core } from "../steps/core.ts";
import { encodePassword } from "../steps/encode-password.ts";
import { exportUser, type OwnData } from "../steps/export-user.ts";
import { findNamedAccount, readName } from "../steps/find-named.ts";
import { keepNotice } from "../steps/keep-notice.ts";
import { type Device, listDevicesOf } from "../steps/list-devices.ts";
import { issuePasswordCode, type PasswordCode, refuseDisabled } from "../steps/password-code.ts";
import { recordRead } from "../steps/record-read.ts";
import { replaceLostPassword } from "../steps/replace-lost-password.ts";
import { requireFitForRights } from "../steps/require-fit-for-rights.ts";
import { nameScopesOf } from "../steps/reset-sign-in-limits.ts";
import { tellPasswordReset } from "../steps/tell-hooks.ts";
import { createGroup, deleteGroup, type GroupInput, type GroupUpdate, updateGroup } from "./groups.ts";
import { requirePasswordChangeAs } from "./require-password-change.ts";
import { resetSecondFactorAs } from "./reset-second-factor.ts";
import { unlockUser } from "./unlock-user.ts";
import { type UserUpdate, updateUser } from "./update-user.ts";
import { readWaitingChanges, stopChangeOf, type WaitingChanges } from "./user-changes.ts";
import { requireKnownPermissions } from "./user-grants.ts";
import { endSessionsAndRecord } from "./user-sessions.ts";
import { deleteUser } from "./users.ts";

// What the operator of the installation does at its command line, in nobody's name and above everybody.

const atCommandLine = (subjectId: string) => ({ actorId: null, subjectId, address: null, requestId: null });

/** How a password is set for somebody. */
export interface PasswordToSet {
  /** Whether the owner replaces it at the next sign-in, because they did not choose it themselves; false unless said. */
  readonly isToBeReplaced?: boolean;
}

/**
 * Gives a user another password and ends their sessions; answers how many.
 *
 * @throws AuthError `not_found`, `password_rejected`
 */
export async function setPassword(
  core: Core,
  name: string,
  password: string,
  { isToBeReplaced = false }: PasswordToSet = {},
): Promise<number> {
  const account = await findNamed(core, name);
  const encoded = await encodePassword(core, password, { field: "password", person: account });
  const ended = await core.db.transaction().execute(async (transaction) => {
    // Deleted while the password was hashed.
    if (!(await lockUser(transaction, account.id))) throw unknownUser();
    const counted = nameScopesOf(core, account);
    const replaced = { account, encoded, isToBeReplaced, counted, facts: operator.facts };
    return (await replaceLostPassword(core, transaction, replaced)).sessionsEnded;
  });
  await tellPasswordReset(core, account.id, { by: "command_line", request: null });
  return ended;
}

/** A permission such as `notes.add_note`, or a group by its name. */
export type GrantInput = { readonly permission: string } | { readonly group: string };

/** Gives a user a permission or a group. Throws AuthError `not_found`, `invalid_input`. */
export async function grant(core: Core, name: string, what: GrantInput): Promise<Grants> {
  return changeGrants(core, name, what, async (transaction, userId) => {
    await requireFitForRights(core, transaction, userId);
    if ("group" in what) return insertUserGroup(transaction, userId, await getGroupId(transaction, what.group));
    await requireKnownPermissions(transaction, [what.permission]);
    return insertUserPermission(transaction, userId, what.permission);
  });
}

/** Takes a permission or a group from a user; one they do not have is no error. Throws AuthError `not_found`, `invalid_input`. */
export async function revoke(core: Core, name: string, what: GrantInput): Promise<Grants> {
  return changeGrants(core, name, what, async (transaction, userId) => {
    if ("group" in what) return deleteUserGroup(transaction, userId, await getGroupId(transaction, what.group));
    await requireKnownPermissions(transaction, [what.permission]);
    return deleteUserPermission(transaction, userId, what.permission);
  });
}

async function changeGrants(
  core: Core,
  name: string,
  what: GrantInput,
  change: (transaction: Core["db"], userId: string) => Promise<void>,
): Promise<Grants> {
  const { id } = await findNamed(core, name);
  return core.db.transaction().execute(async (transaction) => {
    const { target } = await lockWithSuperusers(transaction, core.profile, id);
    if (!target) throw unknownUser();
    await change(transaction, id);
    const grants = await findGrants(transaction, id);
    const { permissions } = grants;
    const groups = grants.groups.map((group) => group.id);
    const happened =
      "group" in what
        ? ({ event: "groups_set", groups } as const)
        : ({ event: "permissions_set", permissions } as const);
    await recordEvent(transaction, happened, atCommandLine(id));
    await keepNotice(core, transaction, { userId: id, kind: "rights_changed", facts: null });
    return grants;
  });
}

/**
 * Makes a code with which a user sets a password; an earlier one is good no more, and nothing else changes.
 *
 * @throws AuthError `not_found`, `invalid_input` for an account that is disabled
 */
export async function createPasswordCodeNamed(core: Core, name: string): Promise<PasswordCode> {
  const { id } = await findNamed(core, name);
  return core.db.transaction().execute(async (transaction) => {
    const target = await lockUser(transaction, id);
    if (!target) throw unknownUser();
    refuseDisabled(target, "user");
    await keepNotice(core, transaction, { userId: id, kind: "password_code_issued", facts: null });
    return issuePasswordCode(core, transaction, atCommandLine(id));
  });
}

/** Lets a user sign in again whose account was locked, or slowed, by guesses. Throws AuthError `not_found`. */
export async function unlock(core: Core, name: string): Promise<void> {
  const { id } = await findNamed(core, name);
  await unlockUser(core, operator, id);
}

/**
 * Changes a user as an administrator does who stands above everybody.
 *
 * @throws AuthError `not_found`, `invalid_input`, `identifier_taken`, `permission_denied` for the last superuser
 */
export async function updateUserNamed(core: Core, name: string, changes: UserUpdate): Promise<User> {
  const { id } = await findNamed(core, name);
  return updateUser(core, operator, id, changes);
}

/** Deletes a user with their sessions and grants. Throws AuthError `not_found`, `permission_denied` for the last superuser. */
export async function deleteUserNamed(core: Core, name: string): Promise<void> {
  const { id } = await findNamed(core, name);
  await deleteUser(core, operator, id);
}

/** Makes a group. Throws AuthError `identifier_taken`, `invalid_input`. */
export function createGroupAsOperator(core: Core, group: GroupInput): Promise<Group> {
  return createGroup(core, operator, group);
}

/** Changes a group's name or what it gives. Throws AuthError `not_found`, `identifier_taken`, `invalid_input`. */
export async function updateGroupNamed(core: Core, name: string, changes: GroupUpdate): Promise<Group> {
  return updateGroup(core, operator, await getGroupId(core.db, name), changes);
}

/** Deletes a group; its members keep what they have by themselves. Throws AuthError `not_found`. */
export async function deleteGroupNamed(core: Core, name: string): Promise<void> {
  await deleteGroup(core, operator, await getGroupId(core.db, name));
}

/** Where a user is signed in, the last used first. Throws AuthError `not_found`. */
export async function listSessionsNamed(core: Core, name: string): Promise<Device[]> {
  const { id } = await findNamed(core, name);
  const devices = await listDevicesOf(core, id);
  await recordRead(core, operator, { what: "sessions", count: devices.length, subjectId: id });
  return devices;
}

/** A copy of what is kept about a user. Throws AuthError `not_found`. */
export async function exportUserNamed(core: Core, name: string): Promise<OwnData> {
  const { id } = await findNamed(core, name);
  const data = await exportUser(core, await getUserOrThrow(core, id));
  await recordRead(core, operator, { what: "export", count: 1, subjectId: id });
  return data;
}

/** Ends all sessions of a user, or the one that is named, and answers how many. Throws AuthError `not_found`. */
export async function endSessionsNamed(core: Core, name: string, sessionId?: string): Promise<number> {
  const { id } = await findNamed(core, name);
  return core.db
    .transaction()
    .execute((transaction) => endSessionsAndRecord(core, transaction, sessionId, atCommandLine(id)));
}

/** The changes of a user's number or address that wait. Throws AuthError `not_found`. */
export async function listPendingChangesNamed(core: Core, name: string): Promise<WaitingChanges> {
  const { id } = await findNamed(core, name);
  return readWaitingChanges(core, id);
}

/** Stops one of them. Throws AuthError `not_found`. */
export async function stopPendingChangeNamed(core: Core, name: string, changeId: string): Promise<void> {
  const { id } = await findNamed(core, name);
  await stopChangeOf(core, operator, id, changeId);
}

/** Takes the second factors of a user away, with the password beside them, ends their sessions, and answers how many. Throws AuthError `not_found`. */
export async function resetSecondFactorNamed(core: Core, name: string): Promise<number> {
  const { id } = await findNamed(core, name);
  return resetSecondFactorAs(core, operator, id);
}

/** Has a user replace their password at the next sign-in, and ends their sessions. Throws AuthError `not_found`, `invalid_input`. */
export async function requirePasswordChangeNamed(core: Core, name: string): Promise<number> {
  const { id } = await findNamed(core, name);
  return requirePasswordChangeAs(core, operator, id);
}

async function findNamed(core: Core, name: string): Promise<Account> {
  const account = await findNamedAccount(core.db, readName(core, name, "name"), name);
  if (!account) throw unknownUser();
  return account;
}

function unknownUser(): AuthError {
  return new AuthError("not_found", "There is no user with that username, phone number or e-mail address");
}

async function getGroupId(db: Core["db"], name: string): Promise<string> {
  const group = await findGroupByName(db, parseGroupName(name) ?? "");
  if (!group) throw new AuthError("not_found", "There is no group of that name");
  return group.id;
}
