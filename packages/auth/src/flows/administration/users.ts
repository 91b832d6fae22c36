import { recordEvent } from "../../audit/audit-log.ts";
import { findDeletion } from "../../deletions/deletion-store.ts";
import { AuthError } from "../../errors.ts";
import { parseUsername } from "../../identifiers/username.ts";
import { findExternalId } from "../../imported-users/imported-user-store.ts";
import { withdrawCode } from "../../one-time-codes/code-store.ts";
import { createUnusablePassword } from "../../passwords/unusable-password.ts";
import {
  findGrants,
  findPermissionsOfGroups,
  type Grants,
  lockGroups,
  lockPermissions,
  replaceUserGroups,
  replaceUserPermissions,
} from "../../permissions/permission-store.ts";
import type { Queries } from "../../storage/database.ts";
import type { ProfileChanges, User } from "../../users/user.ts";
import {
  findPasswordChangeDue,
  findUser,
  insertUser,
  type UserChanges,
  updateUser as updateUserRow,
  vouchFor,
} from "../../users/user-store.ts";
import { createUuid } from "../../uuid.ts";
import { type Actor, type Administrator, changeWithAuthority, getUserOrThrow, noSuchUser } from "../steps/authority.ts";
import { namesToTell } from "../steps/change-name.ts";
import type { Core } from "../steps/core.ts";
import { countTakenContact } from "../steps/count-contact-guess.ts";
import { endOldTokens } from "../steps/end-old-tokens.ts";
import { endPending } from "../steps/end-pending.ts";
import { endRivalChanges } from "../steps/end-rival-changes.ts";
import { eraseAccount } from "../steps/erase-account.ts";
import { requireFreeForms } from "../steps/find-named.ts";
import { forbidTestAccount } from "../steps/forbid-test-account.ts";
import { readGateAccount } from "../steps/gate.ts";
import { findPermissions, requirePermissions } from "../steps/held-permissions.ts";
import { keepNotice } from "../steps/keep-notice.ts";
import { raiseDeviceEpoch } from "../steps/known-device.ts";
import { isLastSuperuser, lastSuperuser } from "../steps/last-superuser.ts";
import { type Reader, seesContact, showAs, showUser } from "../steps/masked-contact.ts";
import { forbidConsentForOthers, noteWithdrawal } from "../steps/note-consent.ts";
import { parseNames, parseNewNames } from "../steps/parse-names.ts";
import { issuePasswordCode, type PasswordCode } from "../steps/password-code.ts";
import { recordRead } from "../steps/record-read.ts";
import { requireFitForRights } from "../steps/require-fit-for-rights.ts";
import { requireFreeUsername } from "../steps/require-free-username.ts";
import { requireSameSet, requireUnchanged } from "../steps/require-unchanged.ts";
import { revokeAccess } from "../steps/revoke-access.ts";
import { stopDeletion } from "../steps/stop-deletion.ts";
import { tellHook, tellHookAfterwards } from "../steps/tell-hooks.ts";

export interface AdministeredUserInput extends ProfileChanges {
  readonly username?: string | null | undefined;
  readonly phoneNumber?: string | null | undefined;
  readonly email?: string | null | undefined;
  readonly isStaff?: boolean | undefined;
  readonly isSuperuser?: boolean | undefined;
}

export interface UserUpdate extends AdministeredUserInput {
  readonly isActive?: boolean | undefined;
}

export interface AdministeredUser<Person extends User = User> extends Grants {
  readonly user: Person;
  /** What the user may do, by themselves and by their groups. */
  readonly effectivePermissions: readonly string[];
  /** The id that they had in the system they were imported from, `LEGACY_SOURCE` where they came from several; null for everybody else. */
  readonly externalId: string | null;
  /** When the account is deleted, because its owner asked for it or nobody uses it; null where it is not going to be. */
  readonly deletionDueAt: Date | null;
  /** Since when the password is to be replaced at the next sign-in; null for one that its owner chose. */
  readonly passwordChangeDueAt: Date | null;
}

/** An account and the code with which its owner sets a password. */
export interface CreatedAccount<Person extends User = User> extends PasswordCode {
  readonly user: Person;
}

/**
 * A user as an administrator sees them.
 *
 * @throws AuthError `not_found`
 */
export async function getUser(core: Core, id: string, reader?: Reader): Promise<AdministeredUser> {
  const found = await readUser(core, id, reader);
  await recordRead(core, reader, { what: "user", count: 1, subjectId: found.user.id });
  return found;
}

async function readUser(core: Core, id: string, reader: Reader): Promise<AdministeredUser> {
  const user = await getUserOrThrow(core, id);
  const [grants, effectivePermissions, externalId, deletionDueAt, passwordChangeDueAt] = await Promise.all([
    findGrants(core.db, id),
    findPermissions(core, user),
    findExternalId(core.db, id, core.options.django?.source),
    findDeletion(core.db, id),
    findPasswordChangeDue(core.db, id),
  ]);
  const more = { effectivePermissions, externalId, deletionDueAt, passwordChangeDueAt };
  return { user: await showUser(core, reader, user), ...grants, ...more };
}

/**
 * Creates an account whose names the administrator vouches for. Its owner alone ever knows its password: it has none until
 * the code is used.
 *
 * @throws AuthError `invalid_input`, `identifier_taken`, `permission_denied`
 */
export async function createAccount(
  core: Core,
  { user: actor, facts }: Administrator,
  input: AdministeredUserInput,
): Promise<CreatedAccount> {
  requireSuperuserForRoles(actor, input);
  forbidConsentForOthers(false, input.isApprovedToBeInTouch);
  const { username, phoneNumber, email, ...rest } = input;
  const names = parseNewNames(core, { username, phoneNumber, email });
  const insert = async (transaction: Queries) => {
    await requireFreeUsername(transaction, names, { isTrusted: true });
    const password = createUnusablePassword();
    await requireFreeForms(transaction, names);
    const user = await insertUser(transaction, core.profile, {
      ...rest,
      ...names,
      ...vouchFor(names),
      id: createUuid(),
      password,
    });
    const about = { ...facts, actorId: actor.id, subjectId: user.id };
    await recordEvent(transaction, { event: "user_created", by: "administrator" }, about);
    const code = await issuePasswordCode(core, transaction, about);
    await tellHook(core, transaction, "userCreated", { user, by: "administrator", request: facts });
    return { user, ...code };
  };
  const administrator = { user: actor, facts };
  const isGuess = hasContact(names) && !(await seesContact(core, administrator));
  const create = () => core.db.transaction().execute(insert);
  const created = await (isGuess ? countTakenContact(core, administrator, create) : create());
  return { ...created, user: await showUser(core, { user: actor, facts }, created.user) };
}

/**
 * Changes a user: profile, names, and whether they are active, staff or superuser.
 *
 * @param expected what some of their fields held when they were looked at, as they were shown: nothing is changed where one holds something
 * else by now
 * @throws AuthError `not_found`, `invalid_input`, `identifier_taken`, `changed_meanwhile`, `permission_denied`
 */
export async function updateUser(
  core: Core,
  { user: actor, facts }: Actor,
  id: string,
  { username, phoneNumber, email, ...rest }: UserUpdate,
  expected?: Partial<User>,
): Promise<User> {
  const names = parseNames(core, { username, phoneNumber, email });
  const changes = withoutUndefined({ ...rest, ...names });
  const fields = Object.keys(changes).filter((field) => !field.endsWith("Key"));
  const toldOf = (user: User) =>
    ({ user, fields, by: actor ? "administrator" : "command_line", request: facts }) as const;
  const isDisabling = changes.isActive === false;
  const reader = { user: actor, facts };
  const isWhole = await seesContact(core, reader);
  const apply = async (transaction: Queries, target: User, superusers: readonly string[]) => {
    // What somebody may not see whole they cannot find out by guessing either.
    if (expected) requireUnchanged(showAs(isWhole, reader, target), expected);
    requireSuperuserForRoles(actor, changes, target);
    keepLastSuperuser(superusers, target, changes);
    forbidConsentForOthers(target.isApprovedToBeInTouch, changes.isApprovedToBeInTouch);
    const isRaised = (changes.isStaff && !target.isStaff) || (changes.isSuperuser && !target.isSuperuser);
    if (isRaised) await requireFitForRights(core, transaction, id);
    const account = await readGateAccount(core, transaction, id);
    const rivals = { userId: target.id, by: "administrator", actorId: actor?.id ?? null, facts } as const;
    if (names.phoneNumber !== undefined) {
      const isSame = names.phoneNumber === account?.phoneNumber;
      await endRivalChanges(core, transaction, { ...rivals, kind: "phone", isSame });
    }
    if (names.emailKey !== undefined) {
      const isSame = names.emailKey === account?.emailKey;
      await endRivalChanges(core, transaction, { ...rivals, kind: "email", isSame });
    }
    if (isOtherName(target.username, changes)) {
      await requireFreeUsername(transaction, names, { userId: target.id, isTrusted: true });
    }
    await requireFreeForms(transaction, { ...names, userId: id });
    const former = account ? [...namesToTell(account, "phone"), ...namesToTell(account, "email")] : [];
    const updated = await updateUserRow(transaction, core.profile, id, { ...changes, ...vouchFor(names) });
    if (!updated) throw noSuchUser();
    const [before, after] = [target.isApprovedToBeInTouch, updated.isApprovedToBeInTouch];
    await noteWithdrawal(transaction, { userId: id, actorId: actor?.id ?? null, before, after });
    const about = { ...facts, actorId: actor?.id ?? null, subjectId: id };
    if (isRenamed(target, updated) || isDisabling) {
      const because = "ended_by_administrator";
      const count = await endOldTokens(transaction, { userId: target.id, reason: because });
      if (count > 0) await recordEvent(transaction, { event: "sessions_ended", because, count }, about);
    }
    if (isDisabling || Object.keys(names).length > 0) await endPending(transaction, id);
    if (updated.phoneNumber !== target.phoneNumber) await raiseDeviceEpoch(core, transaction, { userId: id });
    if (isDisabling) {
      await revokeAccess(core, transaction, {
        userId: id,
        reason: "ended_by_administrator",
        actorId: actor?.id,
        facts,
      });
      await withdrawCode(transaction, { userId: id, purpose: "set_password" });
      // Who is disabled cannot take it back, and may be so for their protection.
      await stopDeletion(core, transaction, { userId: id, by: "administrator", actorId: actor?.id ?? null, facts });
    }
    if (isRenamed(target, updated)) {
      const lost = former.filter(({ address }) => address !== updated.phoneNumber && address !== updated.email);
      await keepNotice(core, transaction, { userId: id, kind: "name_changed", facts: null, former: lost });
    }
    if (target.isStaff !== updated.isStaff || target.isSuperuser !== updated.isSuperuser)
      await keepNotice(core, transaction, { userId: id, kind: "rights_changed", facts: null });
    if (fields.length === 0) return updated;
    await recordEvent(transaction, { event: "user_updated", fields }, about);
    // Without a name that went with what waited.
    if (isDisabling) return (await findUser(transaction, core.profile, id)) ?? updated;
    await tellHook(core, transaction, "userUpdated", toldOf(updated));
    return updated;
  };
  const isGuess = actor !== null && hasContact(names) && !isWhole;
  const change = () => changeWithAuthority(core, actor, id, apply);
  const updated = await (isGuess ? countTakenContact(core, { user: actor, facts }, change) : change());
  if (isDisabling) await tellHookAfterwards(core, "userUpdated", toldOf(updated));
  return showAs(isWhole, reader, updated);
}

/**
 * Deletes a user with their sessions and grants. The audit trail keeps what happened, and nothing that tells who it was.
 *
 * @throws AuthError `not_found`, `permission_denied`
 */
export async function deleteUser(core: Core, { user: actor, facts }: Actor, id: string): Promise<void> {
  const user = await changeWithAuthority(core, actor, id, async (transaction, target, superusers) => {
    keepLastSuperuser(superusers, target, { isActive: false });
    const { address, requestId } = facts;
    if (!(await eraseAccount(transaction, id, { actorId: actor?.id ?? null, address, requestId }))) throw noSuchUser();
    return target;
  });
  await tellHookAfterwards(core, "userDeleted", { user, request: facts });
}

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
    const present = groups.map((group) => group.id);
    requireSameSet(present, seen);
    const added = wanted.filter((groupId) => !present.includes(groupId));
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

type Ranks = Pick<UserChanges, "isStaff" | "isSuperuser">;

function requireSuperuserForRoles(
  actor: User | null,
  wanted: Ranks,
  present: Required<Ranks> = { isStaff: false, isSuperuser: false },
): void {
  if (!actor || actor.isSuperuser) return;
  const isStaffChanged = wanted.isStaff !== undefined && wanted.isStaff !== present.isStaff;
  const isSuperuserChanged = wanted.isSuperuser !== undefined && wanted.isSuperuser !== present.isSuperuser;
  if (isStaffChanged || isSuperuserChanged) {
    throw new AuthError("permission_denied", "Only a superuser makes staff and superusers, or unmakes them");
  }
}

/** What comes by a group goes with the group; what people could give to themselves would stay. */
function forbidSelfGrant(actor: User, target: User, added: readonly string[]): void {
  if (actor.isSuperuser || actor.id !== target.id || added.length === 0) return;
  throw new AuthError("permission_denied", "Nobody gives rights to themselves");
}

function keepLastSuperuser(superusers: readonly string[], target: User, changes: UserChanges): void {
  const isLeaving = changes.isActive === false || changes.isSuperuser === false;
  if (isLeaving && isLastSuperuser(superusers, target)) throw lastSuperuser();
}

/** Whether a change gives another username; the same one in other capitals was theirs before. */
function isOtherName(present: string | null, { usernameKey }: UserChanges): boolean {
  const parsed = present === null ? null : parseUsername(present);
  return typeof usernameKey === "string" && !(parsed?.ok && parsed.key === usernameKey);
}

const hasContact = ({ phoneNumber, email }: Pick<UserChanges, "phoneNumber" | "email">) =>
  Boolean(phoneNumber ?? email);

/** Whether any name is another one, new or gone. */
function isRenamed(before: User, after: User): boolean {
  const names = ["username", "phoneNumber", "email"] as const;
  return names.some((name) => before[name] !== after[name]);
}

function unknown(field: string, message: string): AuthError {
  return new AuthError("invalid_input", "The input is not valid", {
    issues: [{ path: [field], code: "not_found", message }],
  });
}

function withoutUndefined<T extends object>(changes: T): UserChanges {
  return Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
}
