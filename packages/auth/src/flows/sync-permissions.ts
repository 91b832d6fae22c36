import { listModelPermissions, type ModelName } from "../permissions/permission.ts";
import { deleteOtherPermissions, insertPermissions } from "../permissions/permission-store.ts";
import type { Core } from "./core.ts";

export interface SyncedPermissions {
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

/**
 * Creates the permissions of the declared models, and the declared custom ones. With `prune`, permissions that nobody declares
 * are deleted together with their grants; without, they stay, since another version of the program may still run.
 */
export async function syncPermissions(core: Core, { prune }: { prune: boolean }): Promise<SyncedPermissions> {
  const declared = declaredPermissions(core.options);
  const added = await insertPermissions(core.db, declared);
  const removed = prune ? await deleteOtherPermissions(core.db, declared) : [];
  return { added, removed };
}

/** Every permission that the options declare. */
export function declaredPermissions(options: {
  models: readonly string[];
  customPermissions: readonly string[];
}): string[] {
  return [...listModelPermissions(options.models as readonly ModelName[]), ...options.customPermissions];
}
