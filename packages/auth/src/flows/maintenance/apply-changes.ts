import type { AuditEvent } from "../../audit/audit-event.ts";
import { recordEvent } from "../../audit/audit-log.ts";
import { AuthError } from "../../errors.ts";
import {
  type ChangePayload,
  deleteChange,
  type OpenedChange,
  putChangeBack,
  takeDueChange,
} from "../../pending-changes/pending-change-store.ts";
import { holdSession } from "../../sessions/session-store.ts";
import type { Queries } from "../../storage/database.ts";
import { addressOf } from "../steps/change-authority.ts";
import { about, isLastWayIn, removeName, setName } from "../steps/change-name.ts";
import { holdHolder } from "../steps/check-code.ts";
import type { Core } from "../steps/core.ts";
import { endRivalChanges } from "../steps/end-rival-changes.ts";
import { type GateAccount, readGateAccount } from "../steps/gate.ts";
import { keepNotice } from "../steps/keep-notice.ts";
import { openedBy } from "../steps/pending-change.ts";
import { isBeyondTrust } from "../steps/proved-name.ts";
import type { Target } from "../steps/start-challenge.ts";

/** Changes that one run does, so that it ends. */
const atMost = 10_000;
/** Seconds for which a change is tried again whose hook fails, as it does for a moment of the database's or a defect that is mended. */
const longestWait = 3 * 86_400;

/**
 * Does what people's changes have waited for, each in a transaction of its own, after looking again whether it may be done. Several processes
 * may do it at once. Answers how many were due.
 */
export async function applyDueChanges(core: Core): Promise<number> {
  const failed: string[] = [];
  let failure: unknown;
  for (let count = 0; count < atMost; count += 1) {
    let taken: OpenedChange | null = null;
    try {
      await core.db.transaction().execute(async (transaction) => {
        taken = await takeDueChange(transaction, core.pendingKey(), failed);
        if (taken) await apply(core, transaction, taken);
      });
      if (!taken) return finish(count, failure);
    } catch (error) {
      if (!taken) throw error;
      if (error instanceof AuthError && !mayPass(core, taken, error)) await dropRefused(core, taken, error);
      else {
        // One that fails must not keep the others, and is tried again by the next run.
        failed.push((taken as OpenedChange).id);
        failure = error;
      }
    }
  }
  return finish(atMost, failure);
}

function finish(count: number, failure: unknown): number {
  if (failure !== undefined) throw failure;
  return count;
}

type Reason = Extract<AuditEvent, { event: "change_dropped" }>["because"];

async function apply(core: Core, transaction: Queries, change: OpenedChange): Promise<void> {
  // Its codes open the account from now on, which is written beside the name.
  if (openedBy(change.kind)) return;
  const because = await attempt(core, transaction, change);
  if (because) await recordDrop(transaction, change, because);
}

/** Answers why it was not done; null when it was. */
async function attempt(core: Core, transaction: Queries, change: OpenedChange): Promise<Reason | null> {
  const { userId, sessionId, payload } = change;
  const account = await readGateAccount(core, transaction, userId, { isLocked: true });
  if (!account?.state.isActive || !payload) return "account_changed";
  if (account.heldSeconds !== null) {
    // Held while it was on its way: it waits on, as if that had come first.
    await putChangeBack(transaction, core.pendingKey(), { ...change, payload }, account.heldSeconds);
    return null;
  }
  // Of whoever got rights meanwhile, nothing is changed by a code alone.
  if (payload.isByCodeAlone && account.state.isHolderOfRights) return "account_changed";
  if (!(await holdSession(transaction, sessionId))) return "session_ended";
  const kind = change.kind.endsWith("phone") ? "phone" : "email";
  const { address } = payload;
  const isRemoval = change.kind === "remove_phone" || change.kind === "remove_email";
  const because = await (isRemoval ? remove : set)(core, transaction, { account, kind, address, change, payload });
  const rivals = { userId, kind, by: "another_change", actorId: userId, facts: null } as const;
  if (because === null) await endRivalChanges(core, transaction, rivals);
  return because;
}

interface Due extends Target {
  readonly account: GateAccount;
  readonly change: OpenedChange;
  readonly payload: ChangePayload;
}

async function set(core: Core, transaction: Queries, due: Due): Promise<Reason | null> {
  const { account, kind, address, change, payload } = due;
  const target: Target = { kind, address };
  const holder = await holdHolder(core, transaction, target);
  if (holder?.id === account.id) return null;
  if ((holder?.id ?? null) !== payload.holderId || (holder && !isBeyondTrust(holder, target))) return "name_taken";
  const provedAt = change.createdAt;
  const { sessionId } = change;
  await setName(core, transaction, { account, target, holder, opensIn: 0, provedAt, sessionId, facts: null });
  return null;
}

async function remove(
  core: Core,
  transaction: Queries,
  { account, kind, address, change }: Due,
): Promise<Reason | null> {
  if (addressOf(account, kind) !== address) return "account_changed";
  if (isLastWayIn(account, kind)) return "last_way_in";
  await removeName(core, transaction, { account, kind, sessionId: change.sessionId, facts: null });
  return null;
}

/** Whether what went wrong says nothing of the change itself. */
function mayPass({ clock }: Core, { dueAt }: OpenedChange, { code }: AuthError): boolean {
  return code === "hook_failed" && clock.now().getTime() < dueAt.getTime() + longestWait * 1000;
}

async function dropRefused(core: Core, change: OpenedChange, { code }: AuthError): Promise<void> {
  await core.db.transaction().execute(async (transaction) => {
    if (!(await deleteChange(transaction, change.id))) return;
    const isHook = code === "refused_by_hook" || code === "hook_failed";
    await recordDrop(transaction, change, isHook ? "hook" : "name_taken");
    // Whoever has waited for it would wait for ever.
    await keepNotice(core, transaction, { userId: change.userId, kind: "change_stopped", facts: null });
  });
}

async function recordDrop(transaction: Queries, { kind, userId }: OpenedChange, because: Reason): Promise<void> {
  await recordEvent(transaction, { event: "change_dropped", change: kind, because }, about({ id: userId }, null, null));
}
