import { recordEvent } from "../audit/audit-log.ts";
import { deleteOtherPermissions, insertPermissions } from "../permissions/permission-store.ts";
import type { Core } from "./core.ts";

export interface SyncedPermissions {
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

/**
 * Creates the permissions that are declared. With `prune`, permissions that nobody declares
 * are deleted together with their grants; without, they stay, since another version of the program may still run.
 */
export async function syncPermissions(core: Core, { prune }: { prune: boolean }): Promise<SyncedPermissions> {
  const declared = core.options.permissions;
  return core.db.transaction().execute(async (transaction) => {
    const added = await insertPermissions(transaction, declared);
    const removed = prune ? await deleteOtherPermissions(transaction, declared) : [];
    if (removed.length > 0)
      await recordEvent(transaction, { event: "permissions_pruned", permissions: removed }, nobody);
    return { added, removed };
  });
}

const nobody = { actorId: null, subjectId: null, address: null, requestId: null };
