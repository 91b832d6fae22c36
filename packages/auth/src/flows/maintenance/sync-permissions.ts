import { recordEvent } from "../../audit/audit-log.ts";
import { StartError } from "../../errors.ts";
import { appOf, type SyncedPermissions } from "../../permissions/permission.ts";
import {
  claimApps,
  deletePermissionsOfApps,
  deleteUndeclaredPermissions,
  releaseOtherApps,
  takeOverApps,
} from "../../permissions/permission-app-store.ts";
import { insertPermissions } from "../../permissions/permission-store.ts";
import type { Queries } from "../../storage/database.ts";
import type { Core } from "../steps/core.ts";

export interface SyncInput {
  /** Deletes what nobody declares. */
  readonly prune: boolean;
  /** Answers what would be done, and does nothing. */
  readonly isTrial?: boolean;
}

/**
 * Creates the permissions that the service itself declares. With `prune`, permissions that no program declares are deleted together with
 * their grants, and an app that another program declared is taken over; without, they stay, since another version of the program may still
 * run.
 *
 * @throws StartError when another program declares an app of these, and `prune` is not said
 */
export async function syncPermissions(core: Core, { prune, isTrial = false }: SyncInput): Promise<SyncedPermissions> {
  const declared = core.options.permissions;
  const apps = [...new Set(declared.map(appOf))].filter((app) => app !== "auth").sort();
  return core.db
    .transaction()
    .execute(async (transaction) => {
      const claimed = await claimApps(transaction, apps, null);
      const foreign = claimed.filter(({ declarer }) => declarer !== null).map(({ app }) => app);
      if (foreign.length > 0 && !prune) throw ofAnotherProgram(foreign);
      const removed = prune ? await pruneOthers(transaction, { apps, foreign, declared }) : [];
      const added = await insertPermissions(transaction, declared);
      if (removed.length > 0)
        await recordEvent(transaction, { event: "permissions_pruned", permissions: removed }, nobody);
      if (isTrial) throw new Trial({ added, removed });
      return { added, removed };
    })
    .catch((error: unknown) => {
      if (error instanceof Trial) return error.answer;
      throw error;
    });
}

/** Undoes what was only tried. */
class Trial extends Error {
  readonly answer: SyncedPermissions;

  constructor(answer: SyncedPermissions) {
    super("It was only tried");
    this.answer = answer;
  }
}

interface Pruned {
  /** The apps of the service itself. */
  readonly apps: readonly string[];
  /** Those of them that another program declared. */
  readonly foreign: readonly string[];
  readonly declared: readonly string[];
}

async function pruneOthers(transaction: Queries, { apps, foreign, declared }: Pruned): Promise<string[]> {
  // What was granted was the other program's permission, whatever its name.
  const taken = await deletePermissionsOfApps(transaction, foreign, []);
  await takeOverApps(transaction, foreign);
  await releaseOtherApps(transaction, apps);
  return [...taken, ...(await deleteUndeclaredPermissions(transaction, declared))].sort();
}

function ofAnotherProgram(apps: readonly string[]): StartError {
  const names = apps.join(", ");
  return new StartError(
    `Another program declares the permissions of ${names}: name yours otherwise, or take them over, with the loss of every grant, by \`latchkey sync-permissions --prune\``,
  );
}

const nobody = { actorId: null, subjectId: null, address: null, requestId: null };
