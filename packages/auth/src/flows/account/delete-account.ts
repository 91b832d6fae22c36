import { recordEvent } from "../../audit/audit-log.ts";
import { endChallenges } from "../../challenges/challenge-store.ts";
import { insertDeletion } from "../../deletions/deletion-store.ts";
import { findExternalId } from "../../imported-users/imported-user-store.ts";
import { findNoticeChannels } from "../../messages/notice-outbox.ts";
import type { Queries } from "../../storage/database.ts";
import type { User } from "../../users/user.ts";
import { lockWithSuperusers } from "../../users/user-store.ts";
import type { Core, Principal, RequestInfo } from "../steps/core.ts";
import { readGateAccount } from "../steps/gate.ts";
import { keepNotice } from "../steps/keep-notice.ts";
import { isLastSuperuser, lastSuperuser } from "../steps/last-superuser.ts";
import { lockOwner } from "../steps/lock-owner.ts";
import { requireRecently } from "../steps/recent-authentication.ts";
import { revokeAccess } from "../steps/revoke-access.ts";

/** What stays of an account that is deleted, and why: a closed set. */
export interface KeptRecord {
  /**
   * `audit_trail`: what happened, under the account's id, without names, addresses and devices. `erasure`: a digest of the id.
   * `imported_person`: the id that the person had in the system they came from, and digests of their names there.
   */
  readonly what: "audit_trail" | "erasure" | "imported_person";
  /** `security`: so that an attack can be looked into. `backups`, `import`: so that neither brings the account back. */
  readonly because: "security" | "backups" | "import";
  /** Seconds for which it is kept at most; null for as long as the installation is there. */
  readonly seconds: number | null;
}

/** That the caller's account is to be deleted. */
export interface AccountDeletion {
  /** When it is done, within the hour. A sign-in before takes it back. */
  readonly dueAt: Date;
  readonly kept: readonly KeptRecord[];
}

const day = 86_400;

/** Seconds in which a sign-in takes it back. */
const usualWait = 14 * day;
/** The same where no message surely reaches the owner: they find their sessions ended when they come back, and not before. */
const untoldWait = 30 * day;

/**
 * Has the caller's account deleted after a wait in which a sign-in takes that back, as does a device that is known, by `account.stopChanges`, a
 * new password and an administrator. Every session ends at once, the present one too, and the owner is told by each way that they have proved.
 *
 * @throws AuthError `reauthentication_required`, `session_ended`, `permission_denied` for the last superuser
 */
export async function deleteOwnAccount(core: Core, caller: Principal, facts: RequestInfo): Promise<AccountDeletion> {
  await requireRecently(core, caller);
  const { id: userId } = caller.user;
  return core.db.transaction().execute(async (transaction) => {
    // The superusers first, as whoever administers them holds them.
    await keepLastSuperuser(core, transaction, caller.user);
    await lockOwner(transaction, caller);
    await endChallenges(transaction, userId);
    // First, so that a name whose adding is stopped by it is told nothing.
    const sessionsEnded = await revokeAccess(core, transaction, { userId, reason: "deletion_requested", facts });
    const { messages } = await keepNotice(core, transaction, { userId, kind: "deletion_requested", facts });
    const waits = messages > 0 && (await reachesOwner(core, transaction, userId)) ? usualWait : untoldWait;
    const dueAt = await insertDeletion(transaction, { userId, reason: "requested", waits });
    const happened = { event: "deletion_requested", seconds: waits, sessionsEnded } as const;
    await recordEvent(transaction, happened, { ...facts, actorId: userId, subjectId: userId });
    return { dueAt, kept: await listKept(core, transaction, userId) };
  });
}

/** Whether a notice goes to a number or an address that is trusted. One that was proved too long ago is told as well, and may be another person's by now. */
async function reachesOwner(core: Core, transaction: Queries, userId: string): Promise<boolean> {
  const state = (await readGateAccount(core, transaction, userId))?.state;
  const trusts = { sms: state?.phone, email: state?.email };
  return findNoticeChannels(core.options.messages.senders).some((channel) => trusts[channel] === "trusted");
}

/** @throws AuthError `permission_denied` */
async function keepLastSuperuser(core: Core, transaction: Queries, { id, isSuperuser }: User): Promise<void> {
  if (!isSuperuser) return;
  const { target, superusers } = await lockWithSuperusers(transaction, core.profile, id);
  if (target?.isActive && isLastSuperuser(superusers, target)) throw lastSuperuser();
}

async function listKept(core: Core, transaction: Queries, userId: string): Promise<KeptRecord[]> {
  const isImported = (await findExternalId(transaction, userId, undefined)) !== null;
  return [
    { what: "audit_trail", because: "security", seconds: core.options.auditRetention },
    { what: "erasure", because: "backups", seconds: null },
    ...(isImported ? [{ what: "imported_person", because: "import", seconds: null } as const] : []),
  ];
}
