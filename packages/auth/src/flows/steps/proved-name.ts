import { type AuditFacts, recordEvent } from "../../audit/audit-log.ts";
import { consumeTicket, findTicket, type StoredTicket } from "../../challenges/ticket-store.ts";
import { AuthError, type InputIssueCode } from "../../errors.ts";
import type { Queries } from "../../storage/database.ts";
import { findUser, identifierTaken, markProved, recordProof, takeName } from "../../users/user-store.ts";
import { holdHolder } from "./check-code.ts";
import type { Core, RequestInfo } from "./core.ts";
import { requireGoodPassword } from "./encode-password.ts";
import { endOldTokensOf } from "./end-old-tokens.ts";
import { endPending } from "./end-pending.ts";
import { askGate, type GateAccount, readGateAccount } from "./gate.ts";
import { keepNotice } from "./keep-notice.ts";
import { raiseDeviceEpoch } from "./known-device.ts";
import type { Target } from "./start-challenge.ts";
import { tellHook } from "./tell-hooks.ts";

/** The input's name for a kind of name. */
export const fieldOf = { phone: "phoneNumber", email: "email" } as const;

/** @throws AuthError `code_invalid` for a ticket that there is not, that was used, or that has run out */
export async function readTicket(core: Core, ticket: string): Promise<StoredTicket> {
  const found = await findTicket(core.db, ticket);
  if (!found) throw ticketInvalid();
  return found;
}

interface WaysIn {
  readonly password: string | undefined;
  readonly phoneNumber: string | null;
  readonly email: string | null;
}

/**
 * Asks for what an account needs beside its proved name to be opened again, and refuses another name of that kind, and a password that is the
 * proved one.
 *
 * @throws AuthError `invalid_input`, naming the field; `password_rejected`
 */
export async function requireWayIn(core: Core, { kind, address }: StoredTicket, given: WaysIn): Promise<void> {
  const field = fieldOf[kind];
  const typed = given[field];
  if (typed !== null && typed.toLowerCase() !== address)
    throw invalid(field, "invalid_value", "is not what was proved");
  const isTest = core.challenges.isFixed(address);
  // A test number is all that its account ever has.
  if (isTest && given.password !== undefined) throw invalid("password", "invalid_value", "is not for a test number");
  const { signInByCode, numberOnly } = core.options.codes;
  const opensByCode = signInByCode === "both" || signInByCode === kind;
  const isEnough = isTest || (opensByCode && (kind === "email" || numberOnly));
  if (given.password === undefined && !isEnough) throw invalid("password", "required", "is missing");
  if (given.password !== undefined)
    await requireGoodPassword(core, given.password, { field: "password", person: { [field]: address } });
}

/** The columns of a name that was proved, for a new account. */
export function toProvedNames(core: Core, { kind, address }: StoredTicket) {
  const { testNumbers } = core.options.messages;
  if (kind === "email") return { email: address, emailKey: address, ...markProved("email") };
  if (core.challenges.isFixed(address) && testNumbers) return { phoneNumber: address, testUntil: testNumbers.until };
  return { phoneNumber: address, ...markProved("phone") };
}

/** Seconds until the account of a test number ends; undefined for every other. */
export function findTestSeconds(core: Core, { address }: StoredTicket): number | undefined {
  const { testNumbers } = core.options.messages;
  if (!testNumbers || !core.challenges.isFixed(address)) return undefined;
  return Math.max(1, Math.ceil((testNumbers.until.getTime() - core.clock.now().getTime()) / 1000));
}

interface TicketUsed {
  readonly ticket: StoredTicket;
  readonly isNotMine: boolean;
  readonly facts: RequestInfo;
}

/**
 * Uses a ticket up for a new account, and takes the name from the account that has it, where that is another person's and is not trusted
 * there any more.
 *
 * @throws AuthError `identifier_taken`, `code_invalid`
 */
export async function useTicket(
  core: Core,
  transaction: Queries,
  { ticket, isNotMine, facts }: TicketUsed,
): Promise<void> {
  const target: Target = ticket;
  const holder = await holdHolder(core, transaction, target);
  if (holder) {
    // A name is moved only from the account that was shown, and never without a word that it is to be.
    const mayMove = isNotMine && ticket.opens === "another_way" && holder.id === ticket.userId;
    if (!mayMove || !isBeyondTrust(holder, target)) throw taken(ticket);
    const about = { ...facts, actorId: null, subjectId: holder.id };
    await moveNameFrom(core, transaction, { holder, target, facts }, about);
  }
  if (!(await consumeTicket(transaction, ticket))) throw ticketInvalid();
}

/** Whether a proof by another person moves the name: not while it is proved or vouched for, and trusted. */
export function isBeyondTrust({ state }: GateAccount, { kind }: Target): boolean {
  return state[kind] === "stale" || state[kind] === "claimed";
}

interface NameToMove {
  readonly holder: GateAccount;
  readonly target: Target;
  /** Of the call by which another person has proved it; null where that was before. */
  readonly facts: RequestInfo | null;
}

/**
 * Takes a number or an address from an account whose row is held, because another person has proved it. Whoever keeps it unique in tables of
 * their own is told before it is somebody else's.
 *
 * @throws AuthError `refused_by_hook`, `hook_failed`
 */
export async function moveNameFrom(
  core: Core,
  transaction: Queries,
  { holder, target: { kind }, facts }: NameToMove,
  about: AuditFacts,
): Promise<void> {
  const isParked = await takeName(transaction, holder.id, kind);
  await endPending(transaction, holder.id);
  await endOldTokensOf(transaction, { ...about, subjectId: holder.id });
  await raiseDeviceEpoch(core, transaction, { userId: holder.id });
  await keepNotice(core, transaction, { userId: holder.id, kind: "name_lost", facts: null });
  await recordEvent(transaction, { event: "name_lost", kind, isParked }, about);
  const user = await findUser(transaction, core.profile, holder.id);
  const told = { fields: [fieldOf[kind]], by: "another_person", request: facts } as const;
  if (user) await tellHook(core, transaction, "userUpdated", { user, ...told });
}

interface ProvedBeside {
  readonly ticket: string;
  readonly userId: string;
  /** What was right just now. */
  readonly by?: "password" | "passkey";
  readonly facts: RequestInfo;
}

/**
 * Proves the number of a ticket on the account that has it, whose password or passkey was right just now. Whatever is wrong with the ticket,
 * the sign-in goes on without it.
 */
export async function proveByTicket(core: Core, transaction: Queries, proved: ProvedBeside): Promise<void> {
  const kind = await useTicketBeside(core, transaction, proved);
  if (kind) await noteProof(transaction, proved.userId, kind, proved.facts);
}

/**
 * Proves the name whose code was shown beside a password, by a ticket, on an account whose row is held: all is shown by now that it asks for
 * besides.
 */
export async function proveShown(
  transaction: Queries,
  { id, state, stopped }: GateAccount,
  evidence: readonly string[],
  facts: RequestInfo,
): Promise<void> {
  if (!evidence.includes("password")) return;
  for (const kind of ["phone", "email"] as const) {
    const isThere = state[kind] !== "none" && !stopped[kind];
    if (isThere && evidence.includes(codeOf[kind])) await noteProof(transaction, id, kind, facts);
  }
}

/** What the code of a kind of name is as evidence. */
export const codeOf = { phone: "phone_code", email: "email_code" } as const;

/** Uses a ticket up beside a password or a passkey that was right just now. Answers what it proves; null where that is nothing. */
export async function useTicketBeside(
  core: Core,
  transaction: Queries,
  { ticket, userId, by = "password" }: Omit<ProvedBeside, "facts">,
): Promise<Target["kind"] | null> {
  const found = await findTicket(transaction, ticket);
  if (found?.userId !== userId || core.challenges.isFixed(found.address)) return null;
  const account = await readGateAccount(core, transaction, userId, { isLocked: true });
  const holder = await holdHolder(core, transaction, found);
  // What was stopped is proved by what can be stopped once more: in a session.
  if (!account || holder?.id !== userId || account.stopped[found.kind]) return null;
  const { opens } = askGate(core, account, [by, codeOf[found.kind]], "enter");
  if (opens !== "session" && opens !== "second_factor" && opens !== "new_password") return null;
  return (await consumeTicket(transaction, found)) ? found.kind : null;
}

async function noteProof(
  transaction: Queries,
  userId: string,
  kind: Target["kind"],
  facts: RequestInfo,
): Promise<void> {
  await recordProof(transaction, userId, kind);
  await recordEvent(transaction, { event: "name_proved", kind }, { ...facts, actorId: userId, subjectId: userId });
}

function taken({ kind }: StoredTicket): AuthError {
  return identifierTaken(fieldOf[kind]);
}

function ticketInvalid(): AuthError {
  return new AuthError("code_invalid", "The ticket is good no more: ask for a code again", {
    issues: [{ path: ["ticket"], code: "invalid_value", message: "is good no more" }],
  });
}

function invalid(field: string, code: InputIssueCode, message: string): AuthError {
  return new AuthError("invalid_input", "The input is not valid", { issues: [{ path: [field], code, message }] });
}
