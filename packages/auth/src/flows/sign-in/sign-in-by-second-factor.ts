import { recordEvent } from "../../audit/audit-log.ts";
import { AuthError } from "../../errors.ts";
import type { MadeRecoveryCodes } from "../../one-time-codes/recovery-code-store.ts";
import type {
  PasskeyAssertion,
  PasskeyCreationOptions,
  PasskeyRegistration,
  PasskeyRequestOptions,
  StartedPasskey,
} from "../../passkeys/passkey-json.ts";
import type { RememberMark } from "../../second-factors/remembered-device-store.ts";
import {
  consumeSecondFactorTicket,
  countTicketAttempt,
  findSecondFactorTicket,
  giveTicketAttemptBack,
  keepEnrollingSecret,
  type StoredSecondFactorTicket,
} from "../../second-factors/second-factor-ticket-store.ts";
import type { SharedSecret } from "../../second-factors/totp.ts";
import type { Queries } from "../../storage/database.ts";
import type { Admission } from "../../throttling/throttle.ts";
import type { User } from "../../users/user.ts";
import { findAccountById, markSetByCode, recordSignInByCode } from "../../users/user-store.ts";
import type { Purpose } from "../../ways-in/may-open.ts";
import { toAuthentication } from "../steps/authentication-methods.ts";
import {
  askForPasskey,
  checkPasskey,
  PasskeyRefused,
  type RightPasskey,
  refusePasskey,
  usePasskey,
} from "../steps/check-passkey.ts";
import type { Core, RequestInfo } from "../steps/core.ts";
import { countAtAddress } from "../steps/count-at-address.ts";
import { askForNewPasskey, checkRegistration, enrollPasskey, type RightRegistration } from "../steps/enroll-passkey.ts";
import { enrollTotp } from "../steps/enroll-totp.ts";
import { askGate, type GateAccount, readGateAccount } from "../steps/gate.ts";
import { type AnsweredSession, answerSignIn, type SignInAnswer } from "../steps/issue-session-tokens.ts";
import { keepNotice } from "../steps/keep-notice.ts";
import { type FactorEnrolled, makeMissingCodes } from "../steps/make-recovery-codes.ts";
import { shownFor, tellPasswordReplaced } from "../steps/new-password.ts";
import { openSession } from "../steps/open-session.ts";
import { proveShown } from "../steps/proved-name.ts";
import { isFreshlySetByCode } from "../steps/recent-authentication.ts";
import { recordExhausted } from "../steps/record-exhausted.ts";
import { isUndone } from "../steps/refund-on-failure.ts";
import { rememberableFor, rememberDevice } from "../steps/remembered-device.ts";
import { type PasswordReplaced, replaceLostPassword } from "../steps/replace-lost-password.ts";
import { describeSignIn, evidenceOf, isSameDevice, readHalfSignIn } from "../steps/second-factor.ts";
import { tellHook } from "../steps/tell-hooks.ts";
import {
  createSealedSecret,
  findStepOf,
  scopesOfTotp,
  showSecret,
  ticketRefused,
  totpRefused,
  useTotp,
} from "../steps/use-totp.ts";

export interface SignInBySecondFactorInput {
  /** Of the refusal `second_factor_required`. */
  readonly ticket: string;
  /** What the authenticator app shows, in the digits of any script; one of the three. */
  readonly totp?: string | undefined;
  /** What the browser answered to `startSecondFactorPasskey`. */
  readonly passkey?: PasskeyAssertion | undefined;
  /** What the browser answered to `startEnrollingPasskey`. */
  readonly newPasskey?: PasskeyRegistration | undefined;
  /** Where the sign-in before showed the mark of a known device, the same again. */
  readonly deviceMark?: string | undefined;
  /** Whether the person wants to be asked no more on this device for a while; where that may not be, nothing is remembered. */
  readonly remember?: boolean | undefined;
}

/** What somebody shows to their authenticator app. */
export interface TotpToEnroll extends SharedSecret {
  readonly ticket: string;
  readonly expiresAt: Date;
}

/**
 * Shows the secret of an authenticator app to somebody whose account needs a second factor and has none, and who has shown all else. The
 * same ticket always gets the same one; the account has it once `signInBySecondFactor` was called with what the app shows.
 *
 * @throws AuthError `code_invalid`, `rate_limited`
 */
export async function startEnrolling(core: Core, ticket: string, facts: RequestInfo): Promise<TotpToEnroll> {
  const { found, account } = await readTicketOwner(core, ticket, facts);
  if (!isToEnroll(account)) throw ticketRefused();
  const sealed = await keepEnrollingSecret(core.db, found, createSealedSecret(core, found.userId));
  if (!sealed) throw ticketRefused();
  return { ticket, expiresAt: found.expiresAt, ...(await showSecret(core, core.db, found.userId, sealed)) };
}

/**
 * What the browser of somebody is to be asked who has shown all but the second factor, and has a passkey for it.
 *
 * @throws AuthError `code_invalid`, `rate_limited`, `permission_denied` where there are no passkeys
 */
export async function startSecondFactorPasskey(
  core: Core,
  ticket: string,
  facts: RequestInfo,
): Promise<StartedPasskey<PasskeyRequestOptions>> {
  const { account } = await readTicketOwner(core, ticket, facts);
  if (!account.factors.hasPasskey) throw ticketRefused();
  return askForPasskey(core, { purpose: "second_factor", boundTo: ticket, userId: account.id });
}

/**
 * The same for somebody whose account needs a second factor and has none: their browser makes a passkey.
 *
 * @throws AuthError `code_invalid`, `rate_limited`, `permission_denied` where there are no passkeys
 */
export async function startEnrollingPasskey(
  core: Core,
  ticket: string,
  facts: RequestInfo,
): Promise<StartedPasskey<PasskeyCreationOptions>> {
  const { account } = await readTicketOwner(core, ticket, facts);
  if (!isToEnroll(account)) throw ticketRefused();
  return askForNewPasskey(core, { purpose: "add_second_factor", boundTo: ticket, userId: account.id });
}

interface TicketOwner {
  readonly found: StoredSecondFactorTicket;
  readonly account: GateAccount;
}

async function readTicketOwner(core: Core, ticket: string, facts: RequestInfo): Promise<TicketOwner> {
  await countAtAddress(core, "check_code_address", facts);
  const found = await findSecondFactorTicket(core.db, ticket);
  const account = found && (await readGateAccount(core, core.db, found.userId));
  if (!account || found.purpose === "enroll") throw ticketRefused();
  return { found, account };
}

/** What somebody gets who was asked for a second factor. */
export interface SecondFactorAnswer<Person extends User = User> extends SignInAnswer<Person> {
  /** Ten ways back, shown here and never again, for somebody who has none: they have just set up a factor, or used the last code; absent for everybody else. */
  readonly recoveryCodes?: MadeRecoveryCodes;
  /**
   * For `signIn` and `signInByCode` on this device, where it is remembered: it takes the place of the second factor until
   * `rememberExpiresAt`. It lets nobody in by itself.
   */
  readonly rememberMark?: string;
  readonly rememberExpiresAt?: Date;
}

/**
 * Signs somebody in who has shown all but the second factor, and sets the password where that is what they came for. It counts before it
 * compares: five tries a ticket, and limits for the account, to which strangers who have not shown the first factor never come.
 *
 * @throws AuthError `code_invalid`, `invalid_credentials` and `code_expired` for a passkey, `rate_limited`, `refused_by_hook`, `hook_failed`
 */
export async function signInBySecondFactor(
  core: Core,
  input: SignInBySecondFactorInput,
  facts: RequestInfo,
): Promise<SecondFactorAnswer> {
  const { counted } = await countAtAddress(core, "check_code_address", facts);
  const ticket = await countTicketAttempt(core.db, input.ticket);
  const owner = ticket && (await readGateAccount(core, core.db, ticket.userId));
  if (!owner || ticket.purpose === "enroll" || !isSameDevice(core, owner, ticket, input.deviceMark))
    throw ticketRefused();
  const admission = input.totp === undefined ? notCounted : await countTotp(core, ticket);
  try {
    const shown = await checkShown(core, ticket, input);
    const opened = await core.db.transaction().execute(async (transaction) => {
      const wanted = { ticket, shown, admission, remember: input.remember === true, facts };
      const opened = await open(core, transaction, wanted);
      await core.throttle.settle(transaction, [...counted, ...admission.counted]);
      return opened;
    });
    if (ticket.nextPassword !== null) await tellPasswordReplaced(core, ticket, facts);
    const { deviceEpoch, recoveryCodes, remembered } = opened;
    const answer = await answerSignIn(core, opened, { deviceId: ticket.deviceId, deviceEpoch });
    return {
      ...answer,
      ...(recoveryCodes && { recoveryCodes }),
      ...(remembered && { rememberMark: remembered.mark, rememberExpiresAt: remembered.expiresAt }),
    };
  } catch (error) {
    if (error instanceof WrongTotp) return refuse(core, { ticket, admission, facts });
    if (error instanceof PasskeyRefused)
      return refusePasskey(core, error, { purpose: "second_factor", actorId: null, facts });
    // It was right, or never compared.
    if (!(error instanceof AuthError) || isUndone(error)) {
      await core.throttle.refund(admission.counted);
      await giveTicketAttemptBack(core.db, ticket);
    }
    throw error;
  }
}

/** Thrown in the transaction that it undoes. */
class WrongTotp extends Error {
  override readonly name = "WrongTotp";
}

const notCounted: Admission = { counted: [], exhausted: [], isLocked: false };

/** A second factor as far as it is checked outside of the transaction that it opens. */
type Shown =
  | { readonly factor: "totp"; readonly typed: string }
  | { readonly factor: "passkey"; readonly right: RightPasskey }
  | { readonly factor: "passkey"; readonly made: RightRegistration };

async function checkShown(
  core: Core,
  { userId }: StoredSecondFactorTicket,
  { ticket, totp, passkey, newPasskey }: SignInBySecondFactorInput,
): Promise<Shown> {
  if (passkey) {
    const wanted = { purpose: "second_factor", boundTo: ticket, userId } as const;
    return { factor: "passkey", right: await checkPasskey(core, passkey, wanted) };
  }
  if (newPasskey) {
    const wanted = { purpose: "add_second_factor", boundTo: ticket, userId } as const;
    return { factor: "passkey", made: await checkRegistration(core, newPasskey, wanted) };
  }
  return { factor: "totp", typed: totp ?? "" };
}

async function countTotp(core: Core, ticket: StoredSecondFactorTicket): Promise<Admission> {
  try {
    return await core.throttle.consume(scopesOfTotp(ticket.userId, ticket.deviceId));
  } catch (error) {
    // Nothing was compared.
    await giveTicketAttemptBack(core.db, ticket);
    throw error;
  }
}

/** A ticket ends with the factor that it was made for: one of an account without any was made to set one up. */
const isToEnroll = ({ factors }: GateAccount) => !factors.hasTotp && !factors.hasPasskey;

interface Opening {
  readonly ticket: StoredSecondFactorTicket;
  readonly shown: Shown;
  readonly admission: Admission;
  readonly remember: boolean;
  readonly facts: RequestInfo;
}

type Opened = AnsweredSession &
  Pick<GateAccount, "deviceEpoch"> &
  FactorEnrolled & { readonly remembered: RememberMark | null };

async function open(core: Core, transaction: Queries, opening: Opening): Promise<Opened> {
  const { ticket, facts } = opening;
  const account = await readGateAccount(core, transaction, ticket.userId, { isLocked: true });
  const evidence = [...evidenceOf(ticket), "second_factor"] as const;
  const verdict = account && askGate(core, withUsedCode(account, ticket), evidence, purposeOf(ticket));
  if (!account || verdict?.opens !== "session") throw ticketRefused();
  if (!(await consumeSecondFactorTicket(transaction, ticket))) throw ticketRefused();
  // Of an account that was just registered by its number nobody else has anything yet.
  const isByCodeAlone = ticket.purpose !== "register" && (verdict.isByCodeAlone || isFreshlySetByCode(account));
  if (isToEnroll(account) && isByCodeAlone) await markSetByCode(transaction, account.id);
  await showSecondFactor(core, transaction, account, opening);
  await proveShown(transaction, account, evidence, facts);
  const replaced =
    ticket.nextPassword === null
      ? null
      : await setPassword(core, transaction, ticket, { encoded: ticket.nextPassword, facts });
  if (ticket.deviceId === null && account.lastLogin !== null)
    await keepNotice(core, transaction, { userId: account.id, kind: "new_device", facts });
  const user = await recordSignInByCode(transaction, core.profile, { id: account.id, proved: {} });
  if (!user) throw ticketRefused();
  const half = readHalfSignIn(ticket);
  const { by, deviceName } = half;
  const { factor: secondFactor } = opening.shown;
  const opened = await openSession(core, transaction, {
    user,
    facts,
    deviceName,
    by,
    authentication: toAuthentication(evidence, secondFactor),
    ...(by !== "registration" && { signIn: { ...describeSignIn(half), secondFactor } }),
  });
  const missing = { account, sessionId: opened.session.id, isByCodeAlone, facts };
  // Whoever has a factor needs a way back without it: who set it up just now, and who came by their last code and keeps it.
  const mayLackCodes = isToEnroll(account) || ticket.evidence.includes("recovery_code");
  const recoveryCodes = mayLackCodes ? await makeMissingCodes(core, transaction, missing) : null;
  if (by !== "registration")
    await tellHook(core, transaction, "signedIn", { user, session: opened.session, request: facts });
  const { deviceEpoch, isDeletionStopped = false } = replaced ?? { ...opened, deviceEpoch: account.deviceEpoch };
  const lifetime = opening.remember ? rememberableFor(core, account) : null;
  // Last: what has just been set up or reset has forgotten every device.
  const asked = { userId: user.id, deviceEpoch, sessionId: opened.session.id, deviceName, facts };
  const remembered = lifetime === null ? null : await rememberDevice(transaction, { ...asked, lifetime });
  return { ...opened, deviceEpoch, recoveryCodes, isDeletionStopped, remembered };
}

/** The recovery code that a ticket was given for is used up by that. It may have been the last one, and counts for this ticket still. */
function withUsedCode(account: GateAccount, { evidence }: StoredSecondFactorTicket): GateAccount {
  if (!evidence.includes("recovery_code")) return account;
  return { ...account, state: { ...account.state, hasRecoveryCodes: true } };
}

function purposeOf({ purpose }: StoredSecondFactorTicket): Purpose {
  return purpose === "enter" || purpose === "reset_password" ? purpose : "sign_in";
}

async function showSecondFactor(
  core: Core,
  transaction: Queries,
  account: GateAccount,
  { ticket, shown, admission, facts }: Opening,
): Promise<void> {
  const { userId, sealedSecret } = ticket;
  if ("right" in shown) return usePasskey(transaction, shown.right);
  if ("made" in shown) {
    if (!isToEnroll(account)) throw ticketRefused();
    const name = ticket.deviceName ?? undefined;
    await enrollPasskey(core, transaction, { account, right: shown.made, name, isSecondFactor: true, facts });
    return;
  }
  if (!isToEnroll(account)) {
    const isRight = !admission.isLocked && (await useTotp(core, transaction, { userId, typed: shown.typed }));
    if (!isRight) throw new WrongTotp();
    return;
  }
  // Another one may have been enrolled in between, so that only one that was begun with this ticket counts.
  if (sealedSecret === null) throw ticketRefused();
  const { now } = account;
  const step = findStepOf(core, { userId, sealed: sealedSecret, typed: shown.typed, now });
  if (step === null) throw new WrongTotp();
  await enrollTotp(core, transaction, { userId, sealedSecret, step, facts });
}

async function setPassword(
  core: Core,
  transaction: Queries,
  { userId, evidence, deviceId }: StoredSecondFactorTicket,
  { encoded, facts }: { readonly encoded: string; readonly facts: RequestInfo },
): Promise<PasswordReplaced> {
  const account = await findAccountById(transaction, userId);
  if (!account) throw ticketRefused();
  const replaced = { account, encoded, by: shownFor(evidence), deviceId, facts } as const;
  return replaceLostPassword(core, transaction, replaced);
}

interface Refusal {
  readonly ticket: StoredSecondFactorTicket;
  readonly admission: Admission;
  readonly facts: RequestInfo;
}

async function refuse(core: Core, { ticket, admission, facts }: Refusal): Promise<never> {
  const about = { ...facts, actorId: null, subjectId: ticket.userId };
  const because = admission.isLocked ? "locked" : "wrong_code";
  await core.db.transaction().execute(async (transaction) => {
    await recordEvent(transaction, { event: "second_factor_refused", because }, about);
    await recordExhausted(transaction, admission, about);
  });
  throw totpRefused();
}
