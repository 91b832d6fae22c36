import { AuthError } from "../../errors.ts";
import { takeChange } from "../../pending-changes/pending-change-store.ts";
import {
  type Actor,
  type Administrator,
  changeWithAuthority,
  getUserOrThrow,
  requireAuthorityOver,
} from "../steps/authority.ts";
import type { Core } from "../steps/core.ts";
import { readGateAccount } from "../steps/gate.ts";
import { listWaitingChanges, type PendingChange } from "../steps/pending-change.ts";
import { recordRead } from "../steps/record-read.ts";
import { stopChange, tellLost } from "../steps/stop-change.ts";

/** What of a user's account waits. */
export interface WaitingChanges {
  /** The first due first. */
  readonly changes: readonly Omit<PendingChange, "isOwn">[];
  /** Until when the reset of the password is held, so that nothing else changes either; null where it is not. */
  readonly resetHeldUntil: Date | null;
}

/**
 * The changes of somebody's number or address that wait. For those who could stop them.
 *
 * @throws AuthError `not_found`, `permission_denied` when the account stands above
 */
export async function listChangesOf(core: Core, admin: Administrator, id: string): Promise<WaitingChanges> {
  const target = await getUserOrThrow(core, id);
  await requireAuthorityOver(core.db, admin.user, target);
  const waiting = await readWaitingChanges(core, target.id);
  await recordRead(core, admin, { what: "changes", count: waiting.changes.length, subjectId: target.id });
  return waiting;
}

export async function readWaitingChanges(core: Core, userId: string): Promise<WaitingChanges> {
  const changes = await listWaitingChanges(core.db, userId);
  const { now, heldSeconds = null } = (await readGateAccount(core, core.db, userId)) ?? {};
  return {
    changes: changes.map(({ id, kind, createdAt, dueAt }) => ({ id, kind, createdAt, dueAt })),
    resetHeldUntil: now && heldSeconds !== null ? new Date(now.getTime() + heldSeconds * 1000) : null,
  };
}

/**
 * Stops a change of somebody's account that waits. A name that is there already, and whose codes do not open the account yet, is taken away.
 *
 * @throws AuthError `not_found` for a user or a change that there is not, `permission_denied` when the account stands above
 */
export async function stopChangeOf(
  core: Core,
  { user: actor, facts }: Actor,
  id: string,
  changeId: string,
): Promise<void> {
  const lost = await changeWithAuthority(core, actor, id, async (transaction, target) => {
    const change = await takeChange(transaction, core.pendingKey(), { id: changeId, userId: target.id });
    if (!change) throw new AuthError("not_found", "There is no such change, or it is done");
    return stopChange(core, transaction, change, { ...facts, by: "administrator", actorId: actor?.id ?? null });
  });
  const told = actor
    ? ({ by: "administrator", request: facts } as const)
    : ({ by: "command_line", request: null } as const);
  if (lost) await tellLost(core, id, [lost], told);
}
