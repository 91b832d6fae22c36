import { recordEvent } from "../../audit/audit-log.ts";
import type { ChallengePurpose } from "../../challenges/challenge-store.ts";
import type { Challenge } from "../../challenges/challenges.ts";
import { AuthError, type InputIssueCode } from "../../errors.ts";
import { parseEmail } from "../../identifiers/email.ts";
import { parsePhone } from "../../identifiers/phone.ts";
import { withdrawCode } from "../../one-time-codes/code-store.ts";
import type { Queries } from "../../storage/database.ts";
import type { User } from "../../users/user.ts";
import { findUser, postponeOpening, recordProof } from "../../users/user-store.ts";
import { addressOf, type ChangeAuthority, requireChangeAuthority } from "../steps/change-authority.ts";
import { about, keepLastWayIn, removeName, requireMovable, setName } from "../steps/change-name.ts";
import { codeRefused, type RightCode, withRightCode } from "../steps/check-code.ts";
import type { Core, Principal, RequestInfo } from "../steps/core.ts";
import { countAtAddress } from "../steps/count-at-address.ts";
import { endRivalChanges } from "../steps/end-rival-changes.ts";
import { findNamedAccount } from "../steps/find-named.ts";
import { type GateAccount, readGateAccount } from "../steps/gate.ts";
import { lockOwnAccount } from "../steps/lock-owner.ts";
import { type PendingChange, postpone } from "../steps/pending-change.ts";
import { fieldOf } from "../steps/proved-name.ts";
import { reauthenticationRequired, requireRecently, waitOfCodes } from "../steps/recent-authentication.ts";
import { sessionEnded } from "../steps/session-ended.ts";
import { startChallenge, type Target, toIdentifier } from "../steps/start-challenge.ts";

type Kind = Target["kind"];

export interface StartOwnNameInput {
  readonly kind: Kind;
  /** The number in any usual spelling, or the address; absent for the one that the account has. */
  readonly to?: string | undefined;
  /** BCP 47: the language of the message, other than the request's. */
  readonly locale?: string | undefined;
}

export interface ConfirmOwnNameInput {
  readonly kind: Kind;
  readonly challenge: string;
  readonly code: string;
  /** The account that has the number is another person's, who had it before. */
  readonly isNotMine?: boolean | undefined;
  /** Of this device, which stays known where every other is forgotten. */
  readonly deviceMark?: string | undefined;
}

/** What became of a number or an address of one's own. */
export interface OwnNameAnswer<Person extends User = User> {
  readonly user: Person;
  /** What waits: the change, or, for a name that is there already, that its codes open the account. Null when nothing does. */
  readonly pending: PendingChange | null;
  /** For the next sign-in with this device, where a number was replaced or removed: every other device is forgotten. */
  readonly deviceMark?: string;
}

const purposeOf = { phone: "prove_phone", email: "prove_email" } as const satisfies Record<Kind, ChallengePurpose>;

/**
 * Sends a code with which the caller proves a number or an address: the one of their account, or another, which becomes the account's.
 * Whether somebody has it already is not told before it is proved.
 *
 * @throws AuthError `invalid_input`, `reauthentication_required`, `permission_denied` for the account of a test number, `rate_limited`,
 * `unavailable` without a sender
 */
export async function startOwnName(
  core: Core,
  caller: Principal,
  { kind, to, locale }: StartOwnNameInput,
  facts: RequestInfo,
): Promise<Challenge> {
  await countAtAddress(core, "start_code_address", facts);
  const { user, session } = caller;
  const account = await getOwnAccount(core, core.db, user.id);
  const address = to === undefined ? addressOf(account, kind) : parse(core, kind, to);
  if (address === null) throw invalid("to", "required", "is missing: the account has none");
  if (core.challenges.isFixed(address)) throw invalid("to", "invalid_value", "is a test number");
  const holder = await findNamedAccount(core.db, toIdentifier({ kind, address }), to ?? address);
  const isOwn = holder?.id === user.id;
  if (isOwn) await requireProofAuthority(core, caller, account, kind);
  else await requireChangeAuthority(core, caller, account, { kind, does: "set" });
  return startChallenge(core, {
    purpose: purposeOf[kind],
    target: { kind, address },
    typed: address,
    identifier: kind,
    userId: holder?.id ?? null,
    sessionId: session.id,
    actorId: user.id,
    isSent: true,
    isKnownDevice: isOwn,
    tellsChannel: true,
    locale,
    facts,
  });
}

/**
 * Proves a number or an address with the code that was sent to it. One that the account did not have becomes its own, at once or after it
 * has waited.
 *
 * @throws AuthError `code_invalid`, `code_expired`, `reauthentication_required`, `identifier_taken` for one that another account has,
 * `rate_limited`, `session_ended`, `permission_denied`, `refused_by_hook`, `hook_failed`
 */
export async function confirmOwnName(
  core: Core,
  caller: Principal,
  { kind, challenge, code, isNotMine = false, deviceMark }: ConfirmOwnNameInput,
  facts: RequestInfo,
): Promise<OwnNameAnswer> {
  const { user, session } = caller;
  const purpose = purposeOf[kind];
  const account = await getOwnAccount(core, core.db, user.id);
  const asked = await core.challenges.find(challenge);
  const isOwn = asked?.userId === user.id;
  const isOfSession = asked?.sessionId === session.id && asked.purpose === purpose;
  // Before the guess is counted, so that the call can be made once more. What this session did not ask for is refused by its code.
  if (isOfSession && isOwn) await requireProofAuthority(core, caller, account, kind);
  const authority =
    isOfSession && !isOwn ? await requireChangeAuthority(core, caller, account, { kind, does: "set" }) : null;
  const wanted = { challenge, code, purpose, sessionId: session.id, actorId: user.id } as const;
  return withRightCode(core, wanted, facts, async (transaction, right) => {
    const held = forbidTestNumber(await lockOwnAccount(core, transaction, caller));
    if (right.holder?.id === held.id) return proveOwn(core, transaction, { held, right, sessionId: session.id, facts });
    if (!authority) throw codeRefused();
    // What was asked about another one does not hold for this.
    if (addressOf(held, kind) !== addressOf(account, kind)) throw reauthenticationRequired();
    requireMovable(right.holder, right.target, isNotMine);
    return takeOver(core, transaction, { held, right, authority, sessionId: session.id, deviceMark, facts });
  });
}

interface Proof {
  readonly held: GateAccount;
  readonly right: RightCode;
  readonly sessionId: string;
  readonly facts: RequestInfo;
}

/** A new proof of what the account has; it shortens no wait. What somebody stopped waits as if it were added anew. */
async function proveOwn(
  core: Core,
  transaction: Queries,
  { held, right, sessionId, facts }: Proof,
): Promise<OwnNameAnswer> {
  const { kind, address } = right.target;
  await right.consume();
  await recordProof(transaction, held.id, kind);
  await withdrawCode(transaction, { userId: held.id, purpose: purposeOf[kind] });
  await recordEvent(transaction, { event: "name_proved", kind }, about(held, held.id, facts));
  const user = await getOwnUser(core, transaction, held.id);
  if (!held.stopped[kind]) return { user, pending: null };
  const waits = waitOf(held, { waits: waitOfCodes });
  await postponeOpening(transaction, { id: held.id, kind, opensIn: waits });
  const payload = { address, holderId: held.id, isByCodeAlone: false };
  const opening = { userId: held.id, sessionId, kind: `open_by_${kind}`, payload, waits } as const;
  return { user, pending: await postpone(core, transaction, opening, facts) };
}

interface TakeOver extends Proof {
  readonly deviceMark: string | undefined;
  readonly authority: ChangeAuthority;
}

async function takeOver(core: Core, transaction: Queries, change: TakeOver): Promise<OwnNameAnswer> {
  const { held, right, authority, sessionId, deviceMark, facts } = change;
  const { target, holder } = right;
  const { opensIn, isByCodeAlone } = authority;
  const waits = waitOf(held, authority);
  await right.consume();
  await recordEvent(transaction, { event: "name_proved", kind: target.kind }, about(held, held.id, facts));
  const rivals = { userId: held.id, kind: target.kind, by: "another_change", actorId: held.id, facts } as const;
  if (waits === 0) await endRivalChanges(core, transaction, rivals);
  const payload = { address: target.address, holderId: holder?.id ?? null, isByCodeAlone };
  const pending = { userId: held.id, sessionId, payload };
  if (waits > 0) {
    const change = { ...pending, kind: `set_${target.kind}`, waits } as const;
    const postponed = await postpone(core, transaction, change, facts);
    return { user: await getOwnUser(core, transaction, held.id), pending: postponed };
  }
  const naming = { account: held, target, holder, opensIn, deviceMark, sessionId, facts };
  const done = await setName(core, transaction, naming);
  if (opensIn === 0) return { ...done, pending: null };
  const opening = { ...pending, kind: `open_by_${target.kind}`, waits: opensIn } as const;
  return { ...done, pending: await postpone(core, transaction, opening, facts) };
}

/**
 * Takes the number or the address from the caller's account, at once or after it has waited. What is the last way into it stays.
 *
 * @throws AuthError `reauthentication_required`, `invalid_input`, `permission_denied`, `session_ended`, `refused_by_hook`, `hook_failed`
 */
export async function removeOwnName(
  core: Core,
  caller: Principal,
  { kind, deviceMark }: { readonly kind: Kind; readonly deviceMark?: string | undefined },
  facts: RequestInfo,
): Promise<OwnNameAnswer> {
  const { user, session } = caller;
  const account = await getOwnAccount(core, core.db, user.id);
  const authority = await requireChangeAuthority(core, caller, account, { kind, does: "remove" });
  return core.db.transaction().execute(async (transaction) => {
    const held = forbidTestNumber(await lockOwnAccount(core, transaction, caller));
    const address = addressOf(held, kind);
    if (address === null) throw invalid(fieldOf[kind], "not_found", "is not there");
    const rivals = { userId: held.id, kind, by: "another_change", actorId: held.id, facts } as const;
    const { isByCodeAlone } = authority;
    const waits = waitOf(held, authority);
    if (waits === 0) await endRivalChanges(core, transaction, rivals);
    // What was asked about another one does not hold for this.
    if (address !== addressOf(account, kind)) throw reauthenticationRequired();
    keepLastWayIn(held, kind);
    const removal = { account: held, kind, deviceMark, sessionId: session.id, facts };
    if (waits === 0) return { ...(await removeName(core, transaction, removal)), pending: null };
    const payload = { address, holderId: held.id, isByCodeAlone };
    const change = { userId: held.id, sessionId: session.id, kind: `remove_${kind}`, payload, waits } as const;
    const pending = await postpone(core, transaction, change, facts);
    return { user: await getOwnUser(core, transaction, held.id), pending };
  });
}

/** While a reset is held nothing of it takes effect, whatever else was shown since. */
function waitOf({ heldSeconds }: GateAccount, { waits }: Pick<ChangeAuthority, "waits">): number {
  return Math.max(waits, heldSeconds ?? 0);
}

/**
 * A proof of what the account has is no change. Beside a password, what was only claimed opens something from then on, so that the password
 * is asked for.
 *
 * @throws AuthError `reauthentication_required`
 */
async function requireProofAuthority(core: Core, caller: Principal, { state }: GateAccount, kind: Kind): Promise<void> {
  const isProved = state[kind] !== "claimed" && state[kind] !== "vouched";
  if (isProved || (!state.hasPassword && !state.hasPasskey)) return;
  await requireRecently(core, caller);
}

/** @throws AuthError `session_ended`, `permission_denied` */
async function getOwnAccount(core: Core, db: Queries, id: string): Promise<GateAccount> {
  const account = await readGateAccount(core, db, id);
  if (!account?.state.isActive) throw sessionEnded();
  return forbidTestNumber(account);
}

function forbidTestNumber(account: GateAccount): GateAccount {
  if (account.testSeconds === null) return account;
  throw new AuthError("permission_denied", "The account of a test number has no other number or address");
}

async function getOwnUser(core: Core, db: Queries, id: string): Promise<User> {
  const user = await findUser(db, core.profile, id);
  if (!user) throw sessionEnded();
  return user;
}

function parse(core: Core, kind: Kind, typed: string): string {
  const parsed = kind === "phone" ? parsePhone(typed, core.options.phones) : parseEmail(typed);
  if (!parsed.ok) throw invalid("to", parsed.code, parsed.reason);
  return "key" in parsed ? parsed.key : parsed.phoneNumber;
}

function invalid(field: string, code: InputIssueCode, message: string): AuthError {
  return new AuthError("invalid_input", "The input is not valid", { issues: [{ path: [field], code, message }] });
}
