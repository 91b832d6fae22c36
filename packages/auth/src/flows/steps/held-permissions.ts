import { AuthError } from "../../errors.ts";
import { listEffectivePermissions, listPermissions } from "../../permissions/permission-store.ts";
import type { Queries } from "../../storage/database.ts";
import type { User } from "../../users/user.ts";
import type { Core } from "./core.ts";

/** What a user may do at this moment: nothing while inactive, everything as a superuser, else what was granted. */
export async function findPermissions(core: Core, user: User): Promise<readonly string[]> {
  if (!user.isActive) return [];
  return user.isSuperuser ? listPermissions(core.db) : core.readPermissions(user.id);
}

/**
 * The first of some permissions that a user does not hold at this moment; null when they hold all. Reads through the caller's
 * transaction.
 */
export async function findMissingPermission(
  db: Queries,
  user: User,
  permissions: readonly string[],
): Promise<string | null> {
  if (user.isSuperuser || permissions.length === 0) return null;
  const held = (await listEffectivePermissions(db, [user.id])).get(user.id) ?? [];
  return permissions.find((permission) => !held.includes(permission)) ?? null;
}

/**
 * Refuses to give away what the giver does not have: nobody raises anybody's rights above their own.
 *
 * @throws AuthError `permission_denied`
 */
export async function requirePermissions(
  db: Queries,
  giver: User | null,
  permissions: readonly string[],
): Promise<void> {
  const unheld = giver && (await findMissingPermission(db, giver, permissions));
  if (unheld) throw new AuthError("permission_denied", `Only who holds ${unheld} can give it`);
}
