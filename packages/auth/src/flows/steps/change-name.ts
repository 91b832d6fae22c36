import { recordEvent } from "../../audit/audit-log.ts";
import { AuthError } from "../../errors.ts";
import { withdrawCode } from "../../one-time-codes/code-store.ts";
import type { Queries } from "../../storage/database.ts";
import type { User } from "../../users/user.ts";
import { findUser, identifierTaken, setProvedName, takeName } from "../../users/user-store.ts";
import { addressOf } from "./change-authority.ts";
import type { Core, RequestInfo } from "./core.ts";
import { endOldTokensOf } from "./end-old-tokens.ts";
import { endPending } from "./end-pending.ts";
import { requireFreeForms } from "./find-named.ts";
import type { GateAccount } from "./gate.ts";
import { keepNotice, type NoticeToKeep } from "./keep-notice.ts";
import { findKnownDevice, raiseDeviceEpoch } from "./known-device.ts";
import { fieldOf, isBeyondTrust, moveNameFrom } from "./proved-name.ts";
import { sessionEnded } from "./session-ended.ts";
import { type Target, toIdentifier } from "./start-challenge.ts";
import { tellHook } from "./tell-hooks.ts";

/** Whose account is changed, and from where; nobody's call where it has waited. */
export interface ChangedAccount {
  readonly account: GateAccount;
  /** Of the device that asks, which stays known. */
  readonly deviceMark?: string | undefined;
  readonly facts: RequestInfo | null;
  /** In which it is asked for, and which goes on. */
  readonly sessionId: string;
}

export interface NameToSet extends ChangedAccount {
  readonly target: Target;
  /** Who has the name now, with their row held. */
  readonly holder: GateAccount | null;
  readonly opensIn: number;
  /** When it was proved, other than now. */
  readonly provedAt?: Date;
}

/**
 * Gives an account whose row is held a number or an address that its owner has proved. Another account that has it loses it.
 *
 * @throws AuthError `identifier_taken`, `refused_by_hook`, `hook_failed`
 */
export async function setName(core: Core, transaction: Queries, change: NameToSet): Promise<NameChanged> {
  const { account, facts, target, holder, opensIn, provedAt } = change;
  const { kind, address } = target;
  if (holder) await moveNameFrom(core, transaction, { holder, target, facts }, about(holder, null, facts));
  const name = toIdentifier(target);
  if (name.kind === "phone") await requireFreeForms(transaction, { phoneNumber: name.value, userId: account.id });
  const user = await setProvedName(transaction, core.profile, { id: account.id, kind, address, opensIn, provedAt });
  if (!user) throw sessionEnded();
  await withdrawCode(transaction, { userId: account.id, purpose: kind === "phone" ? "prove_phone" : "prove_email" });
  return noteChange(core, transaction, { ...change, user, kind, change: "set" });
}

/**
 * Takes a number or an address from an account whose row is held, and which has another way in.
 *
 * @throws AuthError `refused_by_hook`, `hook_failed`
 */
export async function removeName(
  core: Core,
  transaction: Queries,
  removal: ChangedAccount & { readonly kind: Target["kind"] },
): Promise<NameChanged> {
  const { account, kind } = removal;
  await takeName(transaction, account.id, kind);
  const user = await findUser(transaction, core.profile, account.id);
  if (!user) throw sessionEnded();
  return noteChange(core, transaction, { ...removal, user, change: "removed" });
}

interface Noted extends ChangedAccount {
  readonly user: User;
  readonly kind: Target["kind"];
  readonly change: "set" | "removed";
}

/** An account with another name, and what the device goes on with that changed it. */
export interface NameChanged {
  readonly user: User;
  /** Of the account's next epoch, where a number was replaced or removed: every other device is forgotten. */
  readonly deviceMark?: string;
}

/**
 * What follows from another name: codes under way and old tokens are good no more, devices that were known are not where a number went, and whoever listens is
 * told, the owner also by the name that went.
 */
async function noteChange(
  core: Core,
  transaction: Queries,
  { account, deviceMark, facts, sessionId, user, kind, change }: Noted,
): Promise<NameChanged> {
  await endPending(transaction, account.id);
  await endOldTokensOf(transaction, about(account, account.id, facts), sessionId);
  const before = addressOf(account, kind);
  const former = namesToTell(account, kind);
  await keepNotice(core, transaction, { userId: account.id, kind: "name_changed", facts, former });
  const deviceId = findKnownDevice(core, account, deviceMark);
  const isRaised = kind === "phone" && before !== null;
  const raised = isRaised ? await raiseDeviceEpoch(core, transaction, { userId: account.id, deviceId }) : null;
  await recordEvent(transaction, { event: "name_changed", kind, change }, about(account, account.id, facts));
  await tellHook(core, transaction, "userUpdated", { user, fields: [fieldOf[kind]], by: "owner", request: facts });
  return { user, ...(raised && { deviceMark: raised.deviceMark }) };
}

/**
 * A name that goes, to be told as well: where it was proved, by its owner or by whoever has just added it. However long ago, since most owners
 * prove theirs once and can be reached by nothing else; the text names nobody.
 */
export function namesToTell(account: GateAccount, kind: Target["kind"]): NonNullable<NoticeToKeep["former"]> {
  const address = addressOf(account, kind);
  const isProved = ["trusted", "waiting", "stale"].includes(account.state[kind]);
  if (address === null || !isProved) return [];
  return [{ channel: kind === "phone" ? "sms" : "email", address }];
}

/** The event's facts of something that was asked for in a call, or that has waited since. */
export function about({ id }: { id: string }, actorId: string | null, facts: RequestInfo | null) {
  return { actorId, subjectId: id, address: facts?.address ?? null, requestId: facts?.requestId ?? null };
}

/**
 * Refuses a name that another account has: it moves only if that is another person's, who had it before, and it is not trusted there.
 *
 * @throws AuthError `identifier_taken`
 */
export function requireMovable(holder: GateAccount | null, target: Target, isNotMine: boolean): void {
  if (holder && !(isNotMine && isBeyondTrust(holder, target))) throw identifierTaken(fieldOf[target.kind]);
}

/** Whether nothing would be left by which the owner of an account gets into it, or nothing that names it. */
export function isLastWayIn(account: GateAccount, kind: Target["kind"]): boolean {
  const { state } = account;
  const other = otherThan(kind);
  const isProved = state[other] === "trusted" || state[other] === "stale";
  const hasAnother =
    state.hasPassword || state.hasPasskey || state.hasRecoveryCodes || (isProved && !state.isHolderOfRights);
  return !isNamedBeside(account, kind) || !hasAnother;
}

const otherThan = (kind: Target["kind"]) => (kind === "phone" ? "email" : "phone");

/** Whether an account has another name than its number, or than its address. */
export function isNamedBeside(account: GateAccount, kind: Target["kind"]): boolean {
  return account.isNamedOtherwise || addressOf(account, otherThan(kind)) !== null;
}

/** @throws AuthError `invalid_input` */
export function keepLastWayIn(account: GateAccount, kind: Target["kind"]): void {
  if (!isLastWayIn(account, kind)) return;
  const message = "is the last way into the account, or all that names it: add another before";
  throw new AuthError("invalid_input", "The account would have no way in", {
    issues: [{ path: [fieldOf[kind]], code: "required", message }],
  });
}
