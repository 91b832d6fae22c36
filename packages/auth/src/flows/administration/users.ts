import { recordEvent } from "../../audit/audit-log.ts";
import { findDeletion } from "../../deletions/deletion-store.ts";
import { findExternalId } from "../../imported-users/imported-user-store.ts";
import { createUnusablePassword } from "../../passwords/unusable-password.ts";
import { findGrants, type Grants } from "../../permissions/permission-store.ts";
import type { Queries } from "../../storage/database.ts";
import type { ProfileChanges, User } from "../../users/user.ts";
import { findPasswordChangeDue, insertUser, vouchFor } from "../../users/user-store.ts";
import { createUuid } from "../../uuid.ts";
import { type Actor, type Administrator, changeWithAuthority, getUserOrThrow, noSuchUser } from "../steps/authority.ts";
import type { Core } from "../steps/core.ts";
import { countTakenContact } from "../steps/count-contact-guess.ts";
import { eraseAccount } from "../steps/erase-account.ts";
import { requireFreeForms } from "../steps/find-named.ts";
import { findPermissions } from "../steps/held-permissions.ts";
import { type Reader, seesContact, showAs, showUser } from "../steps/masked-contact.ts";
import { forbidConsentForOthers } from "../steps/note-consent.ts";
import { parseNewNames } from "../steps/parse-names.ts";
import { issuePasswordCode, type PasswordCode } from "../steps/password-code.ts";
import { recordRead } from "../steps/record-read.ts";
import { requireFreeUsername } from "../steps/require-free-username.ts";
import { tellHook, tellHookAfterwards } from "../steps/tell-hooks.ts";
import { heldRanks, keepLastSuperuser, requireSuperuserForRoles } from "./ranks.ts";

export interface AdministeredUserInput extends ProfileChanges {
  readonly username?: string | null | undefined;
  readonly phoneNumber?: string | null | undefined;
  readonly email?: string | null | undefined;
  readonly isStaff?: boolean | undefined;
  readonly isSuperuser?: boolean | undefined;
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

/** The same, without noting in the audit trail who read it. */
export async function readUser(core: Core, id: string, reader: Reader): Promise<AdministeredUser> {
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
    await recordEvent(transaction, { event: "user_created", by: "administrator", ...heldRanks(user) }, about);
    const code = await issuePasswordCode(core, transaction, about);
    await tellHook(core, transaction, "userCreated", { user, by: "administrator", request: facts });
    return { user, ...code };
  };
  const administrator = { user: actor, facts };
  const isWhole = await seesContact(core, administrator);
  const create = () => core.db.transaction().execute(insert);
  const created = await countTakenContact(core, administrator, { names, isWhole }, create);
  return { ...created, user: showAs(isWhole, administrator, created.user) };
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
