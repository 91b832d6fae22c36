import type { SecondFactorRequest } from "../../errors.ts";
import {
  consumeSecondFactorTicket,
  countTicketAttempt,
  findSecondFactorTicket,
  giveTicketAttemptBack,
  type StoredSecondFactorTicket,
} from "../../second-factors/second-factor-ticket-store.ts";
import type { Queries } from "../../storage/database.ts";
import { toNetwork } from "../../throttling/address.ts";
import { type Account, findAccountById, recordSignInByCode } from "../../users/user-store.ts";
import type { Evidence } from "../../ways-in/may-open.ts";
import { toAuthentication } from "../steps/authentication-methods.ts";
import type { Core, RequestInfo } from "../steps/core.ts";
import { countAtAddress } from "../steps/count-at-address.ts";
import { requireGoodPassword } from "../steps/encode-password.ts";
import { askGate, type GateAccount, readGateAccount } from "../steps/gate.ts";
import { type AnsweredSession, answerSignIn, type SignInAnswer } from "../steps/issue-session-tokens.ts";
import { keepNotice } from "../steps/keep-notice.ts";
import { passwordUnchanged, shownFor, tellPasswordReplaced } from "../steps/new-password.ts";
import { openSession } from "../steps/open-session.ts";
import { proveShown } from "../steps/proved-name.ts";
import { replaceLostPassword } from "../steps/replace-lost-password.ts";
import {
  askForSecondFactor,
  describeSignIn,
  evidenceOf,
  type HalfSignIn,
  isSameDevice,
  readHalfSignIn,
  secondFactorRequired,
} from "../steps/second-factor.ts";
import { tellHook } from "../steps/tell-hooks.ts";
import { ticketRefused } from "../steps/use-totp.ts";

export interface SignInByNewPasswordInput {
  /** Of the refusal `password_change_required`. */
  readonly ticket: string;
  readonly newPassword: string;
  /** Where the sign-in before showed the mark of a known device, the same again. */
  readonly deviceMark?: string | undefined;
}

/**
 * Replaces the password of somebody whose sign-in was refused until they do, and signs them in. Where the account has a second factor, the
 * password is replaced and the session opened once that is shown.
 *
 * @throws AuthError `code_invalid` for a ticket that is good no more, `password_rejected`, `second_factor_required`, `rate_limited`,
 * `overloaded`, `refused_by_hook`, `hook_failed`
 */
export async function signInByNewPassword(
  core: Core,
  input: SignInByNewPasswordInput,
  facts: RequestInfo,
): Promise<SignInAnswer> {
  const { newPassword } = input;
  const network = toNetwork(facts.address);
  await requireGoodPassword(core, newPassword, { field: "newPassword", person: {} });
  core.passwords.assertCapacity(network);
  const { counted } = await countAtAddress(core, "check_code_address", facts);
  const { ticket, account } = await takeTicket(core, input);
  const encoded = await encodeOther(core, { ticket, account, newPassword, network });
  const done = await core.db.transaction().execute(async (transaction) => {
    const opened = await replace(core, transaction, { ticket, account, encoded, facts });
    await core.throttle.settle(transaction, counted);
    return opened;
  });
  if ("methods" in done) throw secondFactorRequired(done);
  await tellPasswordReplaced(core, ticket, facts);
  return answerSignIn(core, done, { deviceId: ticket.deviceId, deviceEpoch: done.deviceEpoch });
}

interface Taken {
  readonly ticket: StoredSecondFactorTicket;
  readonly account: Account;
}

/** Counts a try with the ticket, after all has been looked at that needs no hash. */
async function takeTicket(core: Core, { ticket, newPassword, deviceMark }: SignInByNewPasswordInput): Promise<Taken> {
  const found = await findSecondFactorTicket(core.db, ticket);
  const owner = found && (await readGateAccount(core, core.db, found.userId));
  const account = found && (await findAccountById(core.db, found.userId));
  if (!owner || !account || asked(core, owner, evidenceOf(found), found) !== "new_password") throw ticketRefused();
  if (!isSameDevice(core, owner, found, deviceMark)) throw ticketRefused();
  await requireGoodPassword(core, newPassword, { field: "newPassword", person: account });
  const counted = await countTicketAttempt(core.db, ticket);
  if (!counted) throw ticketRefused();
  return { ticket: counted, account };
}

const asked = (
  core: Core,
  owner: GateAccount,
  evidence: readonly Evidence[],
  { purpose }: Pick<StoredSecondFactorTicket, "purpose">,
) => askGate(core, owner, evidence, purpose === "enter" ? "enter" : "sign_in").opens;

interface Wanted extends Taken {
  readonly newPassword: string;
  readonly network: string | null;
}

/** @throws AuthError `password_rejected` for the password that is to be replaced */
async function encodeOther(core: Core, { ticket, account, newPassword, network }: Wanted): Promise<string> {
  const encode = async () => {
    const { matches } = await core.passwords.verify(newPassword, account.password, network);
    return matches ? null : core.passwords.hash(newPassword, network);
  };
  const encoded = await encode().catch(async (error) => {
    await giveTicketAttemptBack(core.db, ticket);
    throw error;
  });
  if (encoded === null) throw passwordUnchanged();
  return encoded;
}

interface Replacement extends Taken {
  readonly encoded: string;
  readonly facts: RequestInfo;
}

type Opened = AnsweredSession & Pick<GateAccount, "deviceEpoch">;

async function replace(
  core: Core,
  transaction: Queries,
  { ticket, account, encoded, facts }: Replacement,
): Promise<Opened | SecondFactorRequest> {
  const held = await readGateAccount(core, transaction, account.id, { isLocked: true });
  if (!held || asked(core, held, evidenceOf(ticket), ticket) !== "new_password") throw ticketRefused();
  if (held.password !== account.password || !(await consumeSecondFactorTicket(transaction, ticket)))
    throw ticketRefused();
  const evidence = [...evidenceOf(ticket), "new_password"] as const;
  const half = { ...readHalfSignIn(ticket), account: held, evidence, facts };
  if (asked(core, held, evidence, ticket) === "second_factor")
    return askForSecondFactor(core, transaction, { ...half, nextPassword: encoded });
  await proveShown(transaction, held, evidence, facts);
  const { deviceId } = ticket;
  const replaced = { account, encoded, by: shownFor(evidence), deviceId, facts };
  const { deviceEpoch, isDeletionStopped } = await replaceLostPassword(core, transaction, replaced);
  if (deviceId === null && held.lastLogin !== null)
    await keepNotice(core, transaction, { userId: account.id, kind: "new_device", facts });
  return { ...(await open(core, transaction, half)), deviceEpoch, isDeletionStopped };
}

async function open(core: Core, transaction: Queries, half: HalfSignIn): Promise<AnsweredSession> {
  const { account, evidence, by, deviceName, facts } = half;
  const user = await recordSignInByCode(transaction, core.profile, { id: account.id, proved: {} });
  if (!user) throw ticketRefused();
  const opened = await openSession(core, transaction, {
    user,
    facts,
    deviceName,
    by,
    authentication: toAuthentication(evidence),
    signIn: describeSignIn(half),
  });
  await tellHook(core, transaction, "signedIn", { user, session: opened.session, request: facts });
  return opened;
}
