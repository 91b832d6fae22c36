import { type AuditFacts, recordEvent } from "../../audit/audit-log.ts";
import { AuthError } from "../../errors.ts";
import { parseUsername } from "../../identifiers/username.ts";
import { withdrawCode } from "../../one-time-codes/code-store.ts";
import type { Queries } from "../../storage/database.ts";
import type { User } from "../../users/user.ts";
import { findUser, type UserChanges, updateUser as updateUserRow, vouchFor } from "../../users/user-store.ts";
import { type Actor, changeWithAuthority, noSuchUser } from "../steps/authority.ts";
import { namesToTell } from "../steps/change-name.ts";
import type { Core } from "../steps/core.ts";
import { countTakenContact } from "../steps/count-contact-guess.ts";
import { endOldTokens } from "../steps/end-old-tokens.ts";
import { endPending } from "../steps/end-pending.ts";
import { endRivalChanges } from "../steps/end-rival-changes.ts";
import { requireFreeForms } from "../steps/find-named.ts";
import { type GateAccount, readGateAccount } from "../steps/gate.ts";
import { keepNotice, type NoticeToKeep } from "../steps/keep-notice.ts";
import { raiseDeviceEpoch } from "../steps/known-device.ts";
import { seesContact, showAs } from "../steps/masked-contact.ts";
import { forbidConsentForOthers, noteWithdrawal } from "../steps/note-consent.ts";
import { parseNames, type StoredNames } from "../steps/parse-names.ts";
import { recordRead } from "../steps/record-read.ts";
import { requireFitForRights } from "../steps/require-fit-for-rights.ts";
import { requireFreeUsername } from "../steps/require-free-username.ts";
import { requireUnchanged } from "../steps/require-unchanged.ts";
import { revokeAccess } from "../steps/revoke-access.ts";
import { stopDeletion } from "../steps/stop-deletion.ts";
import { tellHook, tellHookAfterwards } from "../steps/tell-hooks.ts";
import { keepLastSuperuser, ranksOf, requireSuperuserForRoles } from "./ranks.ts";
import type { AdministeredUserInput } from "./users.ts";

export interface UserUpdate extends AdministeredUserInput {
  readonly isActive?: boolean | undefined;
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
  actor: Actor,
  id: string,
  input: UserUpdate,
  expected?: Partial<User>,
): Promise<User> {
  const update = readUpdate(core, actor, id, input);
  const { changes, names, isDisabling, fields } = update;
  if (actor.user?.id === id && (names.phoneNumber !== undefined || names.email !== undefined)) throw ownNamesApart();
  const reader = { user: actor.user, facts: actor.facts };
  const isWhole = await seesContact(core, reader);
  const apply = async (transaction: Queries, before: User, superusers: readonly string[]) => {
    // What somebody may not see whole they cannot find out by guessing either.
    if (expected) requireUnchanged(showAs(isWhole, reader, before), expected);
    requireAllowed(update, before, superusers);
    if (isRaising(before, changes)) await requireFitForRights(core, transaction, id);
    const account = hasNames(names) ? await readGateAccount(core, transaction, id) : null;
    await makeRoom(core, transaction, update, { before, account });
    const former = account ? [...namesToTell(account, "phone"), ...namesToTell(account, "email")] : [];
    const after = await updateUserRow(transaction, core.profile, id, { ...changes, ...vouchFor(names) });
    if (!after) throw noSuchUser();
    const [wasInTouch, isInTouch] = [before.isApprovedToBeInTouch, after.isApprovedToBeInTouch];
    await noteWithdrawal(transaction, { userId: id, actorId: update.actorId, before: wasInTouch, after: isInTouch });
    await endAccess(core, transaction, update, { before, after });
    await keepNotices(core, transaction, { before, after, former });
    return recordUpdate(core, transaction, update, after);
  };
  const change = () => changeWithAuthority(core, actor.user, id, apply);
  const updated = await countTakenContact(core, actor, { names, isWhole }, change);
  if (isDisabling) await tellHookAfterwards(core, "userUpdated", toldOf(update, updated));
  // Without a change it is a mere look at somebody.
  if (fields.length === 0) await recordRead(core, reader, { what: "user", count: 1, subjectId: id });
  return showAs(isWhole, reader, updated);
}

/** What is to change, as it is stored, and by whom. */
interface Update {
  readonly id: string;
  readonly actor: Actor;
  /** Null for the operator. */
  readonly actorId: string | null;
  readonly names: StoredNames;
  /** The names among them. */
  readonly changes: UserChanges;
  /** The names of what changes, as callers know them. */
  readonly fields: readonly string[];
  readonly isDisabling: boolean;
  /** For the audit trail. */
  readonly about: AuditFacts;
}

function readUpdate(core: Core, actor: Actor, id: string, input: UserUpdate): Update {
  const { username, phoneNumber, email, ...rest } = input;
  const names = parseNames(core, { username, phoneNumber, email });
  const changes = withoutUndefined({ ...rest, ...names });
  const actorId = actor.user?.id ?? null;
  return {
    ...{ id, actor, actorId, names, changes },
    fields: Object.keys(changes).filter((field) => !field.endsWith("Key")),
    isDisabling: changes.isActive === false,
    about: { ...actor.facts, actorId, subjectId: id },
  };
}

const hasNames = (names: StoredNames) => Object.keys(names).length > 0;

function requireAllowed({ actor, changes }: Update, before: User, superusers: readonly string[]): void {
  requireSuperuserForRoles(actor.user, changes, before);
  keepLastSuperuser(superusers, before, changes);
  forbidConsentForOthers(before.isApprovedToBeInTouch, changes.isApprovedToBeInTouch);
}

const isRaising = (before: User, { isStaff, isSuperuser }: UserChanges) =>
  (isStaff && !before.isStaff) || (isSuperuser && !before.isSuperuser);

/** Ends what would contend for the new names, and sees to it that they are free. */
async function makeRoom(
  core: Core,
  transaction: Queries,
  update: Update,
  { before, account }: { readonly before: User; readonly account: GateAccount | null },
): Promise<void> {
  const { id, actorId, names, changes } = update;
  const rivals = { userId: id, by: "administrator", actorId, facts: update.actor.facts } as const;
  if (names.phoneNumber !== undefined) {
    const isSame = names.phoneNumber === account?.phoneNumber;
    await endRivalChanges(core, transaction, { ...rivals, kind: "phone", isSame });
  }
  if (names.emailKey !== undefined) {
    const isSame = names.emailKey === account?.emailKey;
    await endRivalChanges(core, transaction, { ...rivals, kind: "email", isSame });
  }
  if (isOtherName(before.username, changes)) {
    await requireFreeUsername(transaction, names, { userId: id, isTrusted: true });
  }
  await requireFreeForms(transaction, { ...names, userId: id });
}

interface Updated {
  readonly before: User;
  readonly after: User;
}

/** Ends what led into the account by its former names, and everything that does where it is disabled. */
async function endAccess(
  core: Core,
  transaction: Queries,
  { id, actor: { facts }, actorId, names, isDisabling, about }: Update,
  { before, after }: Updated,
): Promise<void> {
  const reason = "ended_by_administrator";
  if (isRenamed(before, after) || isDisabling) {
    const count = await endOldTokens(transaction, { userId: id, reason });
    if (count > 0) await recordEvent(transaction, { event: "sessions_ended", because: reason, count }, about);
  }
  if (isDisabling || hasNames(names)) await endPending(transaction, id);
  if (after.phoneNumber !== before.phoneNumber) await raiseDeviceEpoch(core, transaction, { userId: id });
  if (!isDisabling) return;
  await revokeAccess(core, transaction, { userId: id, reason, actorId, facts });
  await withdrawCode(transaction, { userId: id, purpose: "set_password" });
  // Who is disabled cannot take it back, and may be so for their protection.
  await stopDeletion(core, transaction, { userId: id, by: "administrator", actorId, facts });
}

/** Tells the owner of other names, also by those that went, and of other rights. */
async function keepNotices(
  core: Core,
  transaction: Queries,
  { before, after, former }: Updated & { readonly former: NonNullable<NoticeToKeep["former"]> },
): Promise<void> {
  const userId = after.id;
  if (isRenamed(before, after)) {
    const lost = former.filter(({ address }) => address !== after.phoneNumber && address !== after.email);
    await keepNotice(core, transaction, { userId, kind: "name_changed", facts: null, former: lost });
  }
  if (before.isStaff !== after.isStaff || before.isSuperuser !== after.isSuperuser)
    await keepNotice(core, transaction, { userId, kind: "rights_changed", facts: null });
}

/** Writes it into the audit trail, and answers the user as they are then. */
async function recordUpdate(core: Core, transaction: Queries, update: Update, after: User): Promise<User> {
  const { id, fields, changes, isDisabling, about } = update;
  if (fields.length === 0) return after;
  await recordEvent(transaction, { event: "user_updated", fields, ...ranksOf(changes) }, about);
  // Without a name that went with what waited.
  if (isDisabling) return (await findUser(transaction, core.profile, id)) ?? after;
  await tellHook(core, transaction, "userUpdated", toldOf(update, after));
  return after;
}

/** By the proofs and waits that are asked of an owner: whoever finds an administrator's session open would pass them by. */
function ownNamesApart(): AuthError {
  const message = "Your own number and address are changed by yourself: me.phone and me.email";
  return new AuthError("permission_denied", message);
}

function toldOf({ actor, fields }: Update, user: User) {
  return { user, fields, by: actor.user ? "administrator" : "command_line", request: actor.facts } as const;
}

/** Whether a change gives another username; the same one in other capitals was theirs before. */
function isOtherName(present: string | null, { usernameKey }: UserChanges): boolean {
  const parsed = present === null ? null : parseUsername(present);
  return typeof usernameKey === "string" && !(parsed?.ok && parsed.key === usernameKey);
}

/** Whether any name is another one, new or gone. */
function isRenamed(before: User, after: User): boolean {
  const names = ["username", "phoneNumber", "email"] as const;
  return names.some((name) => before[name] !== after[name]);
}

function withoutUndefined<T extends object>(changes: T): UserChanges {
  return Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
}
