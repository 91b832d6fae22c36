import { dropInactiveDeletions, findDueDeletion, takeDueDeletion } from "../../deletions/deletion-store.ts";
import type { Queries } from "../../storage/database.ts";
import type { User } from "../../users/user.ts";
import { lockWithSuperusers } from "../../users/user-store.ts";
import type { Core } from "../steps/core.ts";
import { eraseAccount } from "../steps/erase-account.ts";
import { readGateAccount } from "../steps/gate.ts";
import { isLastSuperuser } from "../steps/last-superuser.ts";
import { noteDeletionStopped } from "../steps/stop-deletion.ts";
import { tellHookAfterwards } from "../steps/tell-hooks.ts";

/** Accounts that one run deletes, so that it ends. */
const atMost = 10_000;

/**
 * Deletes the accounts whose wait is over, each in a transaction of its own, after looking again whether it may be done. Several processes may
 * do it at once. Answers how many were deleted.
 */
export async function deleteDueAccounts(core: Core): Promise<number> {
  if (core.options.inactiveRetention === undefined) await dropInactiveDeletions(core.db);
  const failed: string[] = [];
  let [count, failure]: [number, unknown] = [0, undefined];
  for (let looked = 0; looked < atMost; looked += 1) {
    const userId = await findDueDeletion(core.db, failed);
    if (userId === null) break;
    try {
      const user = await core.db.transaction().execute((transaction) => deleteDue(core, transaction, userId));
      if (user) count += 1;
      if (user) await tellHookAfterwards(core, "userDeleted", { user, request: null });
    } catch (error) {
      // One that fails must not keep the others.
      failed.push(userId);
      failure = error;
    }
  }
  if (failure !== undefined) throw failure;
  return count;
}

/** Answers the user who was deleted; null where the account stays. */
async function deleteDue(core: Core, transaction: Queries, userId: string): Promise<User | null> {
  const { target, superusers } = await lockWithSuperusers(transaction, core.profile, userId);
  const reason = target && (await takeDueDeletion(transaction, userId));
  if (!target || reason === null) return null;
  const stopped = { userId, actorId: null, facts: null };
  // Who is disabled cannot sign in to take it back.
  if (!target.isActive) return keep(core, transaction, { ...stopped, by: "administrator" });
  if (isLastSuperuser(superusers, target)) return keep(core, transaction, { ...stopped, by: "rights" });
  if (reason === "inactive" && (await readGateAccount(core, transaction, userId))?.state.isHolderOfRights)
    return keep(core, transaction, { ...stopped, by: "rights" });
  const by = reason === "requested" ? "owner" : "inactivity";
  await eraseAccount(transaction, userId, { actorId: null, address: null, requestId: null }, by);
  return target;
}

async function keep(
  core: Core,
  transaction: Queries,
  stopped: Parameters<typeof noteDeletionStopped>[2],
): Promise<null> {
  await noteDeletionStopped(core, transaction, stopped);
  return null;
}
