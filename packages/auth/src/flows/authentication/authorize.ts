import { AuthError } from "../../errors.ts";
import { listEffectivePermissions, listPermissions } from "../../permissions/permission-store.ts";
import { shareQuery } from "../../storage/batch-query.ts";
import type { Queries } from "../../storage/database.ts";
import type { User } from "../../users/user.ts";
import type { Core, PermissionReader } from "../steps/core.ts";

/** Reads what users may do, always fresh; calls that arrive together share one query. */
export function createPermissionReader(db: Queries): PermissionReader {
  return shareQuery(async (userIds: readonly string[]) => {
    const found = await listEffectivePermissions(db, userIds);
    return userIds.map((id) => found.get(id) ?? []);
  });
}

/** What a user may do at this moment: nothing while inactive, everything as a superuser, else what was granted. */
export async function findPermissions(core: Core, user: User): Promise<readonly string[]> {
  if (!user.isActive) return [];
  return user.isSuperuser ? listPermissions(core.db) : core.readPermissions(user.id);
}

/**
 * Lets a call go on if the user holds a permission.
 *
 * @throws AuthError `permission_denied`
 */
export async function authorize(core: Core, user: User, permission: string): Promise<void> {
  if (user.isActive && user.isSuperuser) return;
  const held = await findPermissions(core, user);
  if (!held.includes(permission)) throw new AuthError("permission_denied", `This needs the permission ${permission}`);
}

/**
 * The first of some permissions that a user does not hold at this moment; null when they hold all. Reads through the caller's
 * transaction.
 */
export async function findUnheld(db: Queries, user: User, permissions: readonly string[]): Promise<string | null> {
  if (user.isSuperuser || permissions.length === 0) return null;
  const held = (await listEffectivePermissions(db, [user.id])).get(user.id) ?? [];
  return permissions.find((permission) => !held.includes(permission)) ?? null;
}

/**
 * Refuses to give away what the giver does not have: nobody raises anybody's rights above their own.
 *
 * @throws AuthError `permission_denied`
 */
export async function requireHeld(db: Queries, giver: User | null, permissions: readonly string[]): Promise<void> {
  const unheld = giver && (await findUnheld(db, giver, permissions));
  if (unheld) throw new AuthError("permission_denied", `Only who holds ${unheld} can give it`);
}
