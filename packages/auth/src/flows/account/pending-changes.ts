import { sql } from "kysely";
import { recordEvent } from "../../audit/audit-log.ts";
import { AuthError } from "../../errors.ts";
import {
  type OpenedChange,
  type StoredChange,
  takeChange,
  takeChanges,
} from "../../pending-changes/pending-change-store.ts";
import { isLiveSession } from "../../sessions/session-store.ts";
import type { Queries } from "../../storage/database.ts";
import { toNetwork } from "../../throttling/address.ts";
import { findUser, lockUser, takeName } from "../../users/user-store.ts";
import { addressOf } from "../steps/change-authority.ts";
import { about, fieldOf } from "../steps/change-name.ts";
import type { Core, Principal, RequestInfo } from "../steps/core.ts";
import { toCountedName } from "../steps/counted-name.ts";
import { endPending } from "../steps/end-pending.ts";
import { findNamedAccount, readName } from "../steps/find-named.ts";
import { nobody, readGateAccount } from "../steps/gate.ts";
import { mayStopChanges } from "../steps/known-device.ts";
import { openedBy, type PendingChange, toPendingChange } from "../steps/pending-change.ts";
import { stopDeletion } from "../steps/stop-deletion.ts";
import { tellHookAfterwards } from "../steps/tell-hooks.ts";

/** The changes of the caller's account that wait, the first due first. */
export async function listPendingChanges(core: Core, { user, session }: Principal): Promise<PendingChange[]> {
  const { rows } = await sql<StoredChange>`
    select c.id, c.user_id as "userId", c.session_id as "sessionId", c.kind, c.created_at as "createdAt", c.due_at as "dueAt"
    from latchkey.pending_changes c join latchkey.sessions s on s.id = c.session_id
    where c.user_id = ${user.id} and c.due_at > latchkey.now()
      and (c.kind like 'open_by_%' or (${sql.raw(isLiveSession("s"))}))
    order by c.due_at, c.id`.execute(core.db.withoutPlugins());
  return rows.map((change) => toPendingChange(change, session.id));
}

/**
 * Stops a change of the caller's account that waits, whichever session asked for it. A name that is there already, and whose codes do not
 * open the account yet, is taken away.
 *
 * @throws AuthError `not_found` where there is none, or it is due
 */
export async function stopPendingChange(
  core: Core,
  { user }: Principal,
  id: string,
  facts: RequestInfo,
): Promise<void> {
  const lost = await core.db.transaction().execute(async (transaction) => {
    const change = await takeChange(transaction, core.pendingKey(), { id, userId: user.id });
    if (!change) throw new AuthError("not_found", "There is no such change, or it is done");
    return stop(core, transaction, change, { ...facts, by: "session", actorId: user.id });
  });
  if (lost) await tellLost(core, user.id, [lost], facts);
}

export interface StopChangesInput {
  /** A name of the account, or one that it had. */
  readonly username: string;
  /** What a sign-in with this device answered. */
  readonly deviceMark?: string | undefined;
}

/**
 * Stops whatever waits for an account, its deletion too, from a device that has signed in to it, without a session: whoever took over its password may have
 * ended them all. A name and a device that do not fit are answered alike.
 *
 * @throws AuthError `rate_limited`, `invalid_input` for digits that are two phone numbers
 */
export async function stopPendingChanges(
  core: Core,
  { username, deviceMark }: StopChangesInput,
  facts: RequestInfo,
): Promise<void> {
  const name = readName(core, username, "username");
  const network = toNetwork(facts.address);
  const counted = toCountedName(name, username);
  await core.throttle.consume([
    { limit: "start_code_name_and_address", of: network === null ? [counted] : [counted, network] },
    ...(network === null ? [] : [{ limit: "start_code_address", of: [network] } as const]),
  ]);
  const found = await findNamedAccount(core.db, name, username);
  const mayStop = await mayStopChanges(core, found?.id ?? nobody, deviceMark);
  if (!found || !mayStop) return;
  const lost = await core.db.transaction().execute(async (transaction) => {
    await lockUser(transaction, found.id);
    await stopDeletion(core, transaction, { userId: found.id, by: "device", actorId: null, facts });
    const changes = await takeChanges(transaction, core.pendingKey(), { userId: found.id });
    const kinds: ("phone" | "email")[] = [];
    for (const change of changes) {
      const kind = await stop(core, transaction, change, { ...facts, by: "device", actorId: null });
      if (kind) kinds.push(kind);
    }
    return kinds;
  });
  if (lost.length > 0) await tellLost(core, found.id, lost, facts);
}

interface Stopping extends RequestInfo {
  readonly by: "session" | "device";
  readonly actorId: string | null;
}

/** Answers the kind of name that is taken away by it; null for none. */
async function stop(
  core: Core,
  transaction: Queries,
  { kind: change, userId, payload }: OpenedChange,
  { by, actorId, ...facts }: Stopping,
): Promise<"phone" | "email" | null> {
  const kind = openedBy(change);
  const account = kind && (await readGateAccount(core, transaction, userId, { isLocked: true }));
  const isThere = account && addressOf(account, kind) === payload?.address;
  if (isThere) await takeName(transaction, userId, kind);
  await endPending(transaction, userId);
  await recordEvent(transaction, { event: "change_stopped", change, by }, about({ id: userId }, actorId, facts));
  return isThere ? kind : null;
}

async function tellLost(
  core: Core,
  userId: string,
  kinds: readonly ("phone" | "email")[],
  facts: RequestInfo,
): Promise<void> {
  const user = await findUser(core.db, core.profile, userId);
  const fields = kinds.map((kind) => fieldOf[kind]);
  if (user) await tellHookAfterwards(core, "userUpdated", { user, fields, by: "owner", request: facts });
}
