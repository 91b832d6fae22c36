import { AuthError } from "../../errors.ts";
import { listEffectivePermissions } from "../../permissions/permission-store.ts";
import type { Queries } from "../../storage/database.ts";
import type { User } from "../../users/user.ts";
import { findUser, lockWithSuperusers } from "../../users/user-store.ts";
import type { Core, Principal, RequestInfo } from "./core.ts";
import { findMissingPermission } from "./held-permissions.ts";

/** Who administers, and from where. */
export interface Administrator extends Principal {
  readonly facts: RequestInfo;
  /** What they were found to hold for this call, so that it is not read again; read where it is absent or null. */
  readonly held?: readonly string[] | null | undefined;
}

/** Who changes an account or a group: an administrator, or the operator at the command line, who has no account and stands above all. */
export interface Actor {
  readonly user: User | null;
  readonly facts: RequestInfo;
}

export const operator: Actor = { user: null, facts: { requestId: null, address: null, userAgent: null } };

export type Change<T> = (transaction: Queries, target: User, superusers: readonly string[]) => Promise<T>;

/**
 * Runs a change of one user in a transaction, if the actor stands above them; of several changes at once, one at a time.
 *
 * @throws AuthError `not_found`, `permission_denied`
 */
export async function changeWithAuthority<T>(
  core: Core,
  actor: User | null,
  id: string,
  change: Change<T>,
): Promise<T> {
  return core.db.transaction().execute(async (transaction) => {
    const { target, superusers } = await lockWithSuperusers(transaction, core.profile, id);
    if (!target) throw noSuchUser();
    if (actor?.isSuperuser && !superusers.includes(actor.id)) throw noSuperuserAnyMore();
    await requireAuthorityOver(transaction, actor, target);
    return change(transaction, target, superusers);
  });
}

/**
 * Looks again, where a call has waited for a lock, whether a superuser is one still.
 *
 * @throws AuthError `permission_denied`
 */
export async function requireStillSuperuser(transaction: Queries, actor: User | null): Promise<void> {
  if (!actor?.isSuperuser) return;
  const query = transaction.selectFrom("users").select(["isActive", "isSuperuser"]).where("id", "=", actor.id);
  const now = await query.executeTakeFirst();
  if (!now?.isActive || !now.isSuperuser) throw noSuperuserAnyMore();
}

function noSuperuserAnyMore(): AuthError {
  return new AuthError("permission_denied", "You are no superuser any more");
}

/**
 * Whoever can change an account can become it, so nobody changes one that may do what they may not.
 *
 * @throws AuthError `permission_denied`
 */
export async function requireAuthorityOver(db: Queries, actor: User | null, target: User): Promise<void> {
  const obstacle = actor && (await findDenialReason(db, actor, target));
  if (obstacle) throw new AuthError("permission_denied", `That account stands above yours: it ${obstacle}`);
}

/** What puts a user above another one, in words; null when nothing does. */
export async function findDenialReason(db: Queries, actor: User, target: User): Promise<string | null> {
  if (actor.isSuperuser) return null;
  if (target.isSuperuser) return "is a superuser's";
  if (target.isStaff && !actor.isStaff) return "is a staff account";
  const permissions = await listEffectivePermissions(db, [target.id]);
  const unheld = await findMissingPermission(db, actor, permissions.get(target.id) ?? []);
  return unheld === null ? null : `holds ${unheld}`;
}

/** @throws AuthError `not_found` */
export async function getUserOrThrow({ db, profile }: Pick<Core, "db" | "profile">, id: string): Promise<User> {
  const user = await findUser(db, profile, id);
  if (!user) throw noSuchUser();
  return user;
}

export function noSuchUser(): AuthError {
  return new AuthError("not_found", "There is no such user");
}
