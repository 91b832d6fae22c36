import { recordEvent } from "../../audit/audit-log.ts";
import type { OpenedChange } from "../../pending-changes/pending-change-store.ts";
import type { Queries } from "../../storage/database.ts";
import { findUser } from "../../users/user-store.ts";
import { addressOf } from "./change-authority.ts";
import { about } from "./change-name.ts";
import type { Core, RequestInfo } from "./core.ts";
import { endPending } from "./end-pending.ts";
import { readGateAccount } from "./gate.ts";
import { keepNotice } from "./keep-notice.ts";
import { openedBy, takeStoppedName } from "./pending-change.ts";
import { fieldOf } from "./proved-name.ts";
import { tellHookAfterwards } from "./tell-hooks.ts";

interface Stopping extends RequestInfo {
  readonly by: "session" | "device" | "administrator";
  readonly actorId: string | null;
}

/**
 * Stops a change that was taken off the table, and tells its account's owner, who may have asked for it. A name that is there already, and
 * whose codes do not open the account yet, is taken away by it, or stays as a claim where nothing else names the account. Answers the kind of
 * the name that went; null for none.
 */
export async function stopChange(
  core: Core,
  transaction: Queries,
  { kind: change, userId, payload }: OpenedChange,
  { by, actorId, ...facts }: Stopping,
): Promise<"phone" | "email" | null> {
  const kind = openedBy(change);
  const account = kind && (await readGateAccount(core, transaction, userId, { isLocked: true }));
  const isThere = account && addressOf(account, kind) === payload?.address;
  const told = by === "administrator" ? null : facts;
  const written = about({ id: userId }, actorId, facts);
  const goes = isThere && (await takeStoppedName(core, transaction, { account, kind, facts: told, written }));
  if (!isThere) await keepNotice(core, transaction, { userId, kind: "change_stopped", facts: told });
  await endPending(transaction, userId);
  await recordEvent(transaction, { event: "change_stopped", change, by }, written);
  return goes ? kind : null;
}

/** Tells the hook which names went with changes that were stopped. */
export async function tellLost(
  core: Core,
  userId: string,
  kinds: readonly ("phone" | "email")[],
  told: { readonly by: "owner" | "administrator" | "command_line"; readonly request: RequestInfo | null },
): Promise<void> {
  const user = await findUser(core.db, core.profile, userId);
  const fields = kinds.map((kind) => fieldOf[kind]);
  if (user) await tellHookAfterwards(core, "userUpdated", { user, fields, ...told });
}
