import { sql } from "kysely";
import { type AuditFacts, recordEvent } from "../../audit/audit-log.ts";
import { endChallenges } from "../../challenges/challenge-store.ts";
import {
  type ChangeKind,
  insertChange,
  type NewChange,
  type StoredChange,
  takeChanges,
} from "../../pending-changes/pending-change-store.ts";
import { isLiveSession } from "../../sessions/session-store.ts";
import type { Queries } from "../../storage/database.ts";
import { forgetProof, takeName } from "../../users/user-store.ts";
import { addressOf } from "./change-authority.ts";
import { about, isNamedBeside, namesToTell } from "./change-name.ts";
import type { Core, RequestInfo } from "./core.ts";
import { type GateAccount, readGateAccount } from "./gate.ts";
import { keepNotice } from "./keep-notice.ts";

/** A change of the caller's account that waits. */
export interface PendingChange {
  readonly id: string;
  readonly kind: ChangeKind;
  readonly createdAt: Date;
  /** When it is done, within the hour, unless somebody stops it before. */
  readonly dueAt: Date;
  /** Whether this session asked for it. It ends with the session that did. */
  readonly isOwn: boolean;
}

export function toPendingChange(
  { id, kind, createdAt, dueAt, ...change }: StoredChange,
  sessionId: string,
): PendingChange {
  return { id, kind, createdAt, dueAt, isOwn: change.sessionId === sessionId };
}

/** The changes of an account that wait, the first due first. One ends with the session that asked for it. */
export async function listWaitingChanges(db: Queries, userId: string): Promise<StoredChange[]> {
  const { rows } = await sql<StoredChange>`
    select c.id, c.user_id as "userId", c.session_id as "sessionId", c.kind, c.created_at as "createdAt", c.due_at as "dueAt"
    from latchkey.pending_changes c join latchkey.sessions s on s.id = c.session_id
    where c.user_id = ${userId} and c.due_at > latchkey.now()
      and (c.kind like 'open_by_%' or (${sql.raw(isLiveSession("s"))}))
    order by c.due_at, c.id`.execute(db.withoutPlugins());
  return rows;
}

/** Has a change wait. */
export async function postpone(
  core: Core,
  transaction: Queries,
  change: NewChange,
  facts: RequestInfo,
): Promise<PendingChange> {
  const { userId, sessionId, kind, waits } = change;
  const stored = await insertChange(transaction, core.pendingKey(), change);
  await keepNotice(core, transaction, { userId, kind: "change_requested", facts });
  const happened = { event: "change_requested", change: kind, seconds: waits } as const;
  await recordEvent(transaction, happened, about({ id: userId }, userId, facts));
  return toPendingChange(stored, sessionId);
}

/** Which changes of an account end. */
export interface ChangesToEnd {
  readonly userId: string;
  /** Only those that this session asked for. */
  readonly ofSession?: string;
  /** All but those that this session asked for. */
  readonly except?: string;
}

/** Why changes end, and by what call. */
export interface Ending extends RequestInfo {
  readonly by: "new_password" | "sessions_ended";
  /** The administrator who does it: where they are is not told to the account's owner. */
  readonly actorId?: string | null | undefined;
}

/**
 * Ends changes that wait, because the password became another one, or their sessions ended. By a name that is there already, and whose codes
 * did not open the account yet, whoever was put out must not come back: after another password it is a mere claim, which they cannot prove;
 * where they may know the password, it is taken away, unless nothing else names the account.
 */
export async function endChanges(
  core: Core,
  transaction: Queries,
  which: ChangesToEnd,
  { by, actorId = null, ...facts }: Ending,
): Promise<void> {
  const taken = await takeChanges(transaction, core.pendingKey(), which);
  for (const change of taken) {
    const { payload, userId } = change;
    const kind = openedBy(change.kind);
    const account = kind && payload && (await readGateAccount(core, transaction, userId, { isLocked: true }));
    const written = about({ id: userId }, actorId, facts);
    if (account && addressOf(account, kind) === payload.address) {
      const told = actorId === null ? facts : null;
      await takeStoppedName(core, transaction, { account, kind, isKept: by === "new_password", facts: told, written });
    }
    await recordEvent(transaction, { event: "change_stopped", change: change.kind, by }, written);
  }
  if (taken.length > 0) await endChallenges(transaction, which.userId);
}

interface StoppedName {
  /** With its row held. */
  readonly account: GateAccount;
  readonly kind: "phone" | "email";
  /** Whether it stays as a claim in any case. */
  readonly isKept?: boolean;
  /** Null for what another person did. */
  readonly facts: RequestInfo | null;
  /** What the audit trail says of it. */
  readonly written: AuditFacts;
}

/**
 * Takes a name away whose codes were to open the account, and tells its owner, by that name too, since they may have added it. Where nothing
 * else names the account it stays as a claim: an account without a name would be there for any old session of it to take. Answers whether it
 * went.
 */
export async function takeStoppedName(
  core: Core,
  transaction: Queries,
  { account, kind, isKept = false, facts, written }: StoppedName,
): Promise<boolean> {
  const { id: userId } = account;
  const goes = !isKept && isNamedBeside(account, kind);
  if (goes) {
    await takeName(transaction, userId, kind);
    await recordEvent(transaction, { event: "name_changed", kind, change: "removed" }, written);
  } else await forgetProof(transaction, userId, kind);
  const former = namesToTell(account, kind);
  await keepNotice(core, transaction, { userId, kind: "name_changed", facts, former });
  return goes;
}

/** The kind of name whose codes a change lets open the account; null for every other change. */
export function openedBy(kind: ChangeKind): "phone" | "email" | null {
  if (kind === "open_by_phone") return "phone";
  return kind === "open_by_email" ? "email" : null;
}
