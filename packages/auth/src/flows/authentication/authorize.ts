import { AuthError } from "../../errors.ts";
import { listEffectivePermissions } from "../../permissions/permission-store.ts";
import { batchQuery } from "../../storage/batch-query.ts";
import type { Queries } from "../../storage/database.ts";
import type { User } from "../../users/user.ts";
import type { Core, PermissionReader } from "../steps/core.ts";
import { findPermissions } from "../steps/held-permissions.ts";

/** Reads what users may do, always fresh; calls that arrive together share one query. */
export function createPermissionReader(db: Queries): PermissionReader {
  return batchQuery(async (userIds: readonly string[]) => {
    const found = await listEffectivePermissions(db, userIds);
    return userIds.map((id) => found.get(id) ?? []);
  });
}

/**
 * Lets a call go on if the user holds a permission, and answers what they hold at this moment; null for a superuser, who holds everything.
 *
 * @throws AuthError `permission_denied`
 */
export async function authorize(core: Core, user: User, permission: string): Promise<readonly string[] | null> {
  if (user.isActive && user.isSuperuser) return null;
  const held = await findPermissions(core, user);
  if (!held.includes(permission)) throw new AuthError("permission_denied", `This needs the permission ${permission}`);
  return held;
}
