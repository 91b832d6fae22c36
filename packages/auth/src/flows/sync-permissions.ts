import { recordEvent } from "../audit/audit-log.ts";
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
  return core.db.transaction().execute(async (transaction) => {
    const added = await insertPermissions(transaction, declared);
    const removed = prune ? await deleteOtherPermissions(transaction, declared) : [];
    if (removed.length > 0)
      await recordEvent(transaction, { event: "permissions_pruned", permissions: removed }, nobody);
    return { added, removed };
  });
}

const nobody = { actorId: null, subjectId: null, address: null, requestId: null };

/** Every permission that the options declare, in one order for all processes: so they wait for each other and never both. */
export function declaredPermissions(options: {
  models: readonly string[];
  customPermissions: readonly string[];
}): string[] {
  return [...listModelPermissions(options.models as readonly ModelName[]), ...options.customPermissions].sort();
}
