import { recordEvent } from "../../audit/audit-log.ts";
import { AuthError } from "../../errors.ts";
import {
  consumeSecondFactorTicket,
  countTicketAttempt,
  findSecondFactorTicket,
  giveTicketAttemptBack,
  keepEnrollingSecret,
  type StoredSecondFactorTicket,
} from "../../second-factors/second-factor-ticket-store.ts";
import type { SharedSecret } from "../../second-factors/totp.ts";
import type { SessionOpening } from "../../sessions/session.ts";
import type { Queries } from "../../storage/database.ts";
import { toNetwork } from "../../throttling/address.ts";
import type { Admission } from "../../throttling/throttle.ts";
import { findAccountById, recordLoginByCode } from "../../users/user-store.ts";
import type { Evidence, Purpose } from "../../ways-in/may-open.ts";
import { toAuthentication } from "../steps/authentication-methods.ts";
import type { Core, RequestInfo } from "../steps/core.ts";
import { enrollTotp } from "../steps/enroll-totp.ts";
import { askGate, type GateAccount, readGateAccount } from "../steps/gate.ts";
import { type AnsweredSession, answerSignIn, type SignInAnswer } from "../steps/issue-session-tokens.ts";
import { keepNotice } from "../steps/keep-notice.ts";
import { findKnownDevice } from "../steps/known-device.ts";
import { shownFor } from "../steps/new-password.ts";
import { openSession } from "../steps/open-session.ts";
import { recordExhausted } from "../steps/record-exhausted.ts";
import { isUndone } from "../steps/refund-on-failure.ts";
import { replaceLostPassword } from "../steps/replace-lost-password.ts";
import { tellHook, tellPasswordReset } from "../steps/tell-hooks.ts";
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
  /** What the authenticator app shows, in the digits of any script. */
  readonly totp: string;
  /** Where the sign-in before showed the mark of a known device, the same again. */
  readonly deviceMark?: string | undefined;
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
  await countAtAddress(core, facts);
  const found = await findSecondFactorTicket(core.db, ticket);
  const account = found && (await readGateAccount(core, core.db, found.userId));
  if (!account || found.purpose === "enroll" || !isToEnroll(account)) throw ticketRefused();
  const sealed = await keepEnrollingSecret(core.db, found, createSealedSecret(core, found.userId));
  if (!sealed) throw ticketRefused();
  return { ticket, expiresAt: found.expiresAt, ...(await showSecret(core, core.db, found.userId, sealed)) };
}

/**
 * Signs somebody in who has shown all but the second factor, and sets the password where that is what they came for. It counts before it
 * compares: five tries a ticket, and limits for the account, to which strangers who have not shown the first factor never come.
 *
 * @throws AuthError `code_invalid`, `rate_limited`, `refused_by_hook`, `hook_failed`
 */
export async function signInBySecondFactor(
  core: Core,
  input: SignInBySecondFactorInput,
  facts: RequestInfo,
): Promise<SignInAnswer> {
  const counted = await countAtAddress(core, facts);
  const ticket = await countTicketAttempt(core.db, input.ticket);
  const owner = ticket && (await readGateAccount(core, core.db, ticket.userId));
  if (!owner || ticket.purpose === "enroll" || !isSameDevice(core, owner, ticket, input.deviceMark))
    throw ticketRefused();
  const admission = await countTotp(core, ticket);
  try {
    const opened = await core.db.transaction().execute(async (transaction) => {
      const opened = await open(core, transaction, { ticket, totp: input.totp, admission, facts });
      await core.throttle.settle(transaction, [...counted, ...admission.counted]);
      return opened;
    });
    if (ticket.nextPassword !== null) {
      const by = shownFor(ticket.evidence) === "password" ? "owner" : "code";
      await tellPasswordReset(core, ticket.userId, { by, request: facts });
    }
    return await answerSignIn(core, opened, { deviceId: ticket.deviceId, deviceEpoch: opened.deviceEpoch });
  } catch (error) {
    if (error instanceof WrongTotp) return refuse(core, { ticket, admission, facts });
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

async function countAtAddress(core: Core, { address }: RequestInfo): Promise<Admission["counted"]> {
  const network = toNetwork(address);
  const scopes = network === null ? [] : [{ limit: "check_code_address" as const, of: [network] as [string] }];
  return (await core.throttle.consume(scopes)).counted;
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

/** A ticket that was made for a known device is good there alone. */
function isSameDevice(
  core: Core,
  owner: GateAccount,
  { deviceId }: StoredSecondFactorTicket,
  mark: string | undefined,
): boolean {
  return deviceId === null || findKnownDevice(core, owner, mark) === deviceId;
}

/** A ticket ends with the factor that it was made for: one of an account without any was made to set one up. */
const isToEnroll = ({ factors }: GateAccount) => !factors.hasTotp;

interface Opening {
  readonly ticket: StoredSecondFactorTicket;
  readonly totp: string;
  readonly admission: Admission;
  readonly facts: RequestInfo;
}

type Opened = AnsweredSession & Pick<GateAccount, "deviceEpoch">;

async function open(core: Core, transaction: Queries, opening: Opening): Promise<Opened> {
  const { ticket, facts } = opening;
  const account = await readGateAccount(core, transaction, ticket.userId, { isLocked: true });
  const evidence = [...ticket.evidence, "second_factor"] as Evidence[];
  if (!account || askGate(core, account, evidence, purposeOf(ticket)).opens !== "session") throw ticketRefused();
  if (!(await consumeSecondFactorTicket(transaction, ticket))) throw ticketRefused();
  await showSecondFactor(core, transaction, account, opening);
  const deviceEpoch =
    ticket.nextPassword === null
      ? account.deviceEpoch
      : await setPassword(core, transaction, ticket, { encoded: ticket.nextPassword, facts });
  if (ticket.deviceId === null && account.lastLogin !== null)
    await keepNotice(core, transaction, { userId: account.id, kind: "new_device", facts });
  const user = await recordLoginByCode(transaction, core.profile, { id: account.id, proved: {} });
  if (!user) throw ticketRefused();
  const by = (ticket.openedBy ?? "password") as SessionOpening;
  const opened = await openSession(core, transaction, {
    user,
    facts,
    deviceName: ticket.deviceName ?? undefined,
    by,
    authentication: toAuthentication(evidence),
    ...(by !== "registration" && { signIn: describeSignIn(ticket) }),
  });
  if (by !== "registration")
    await tellHook(core, transaction, "signedIn", { user, session: opened.session, request: facts });
  return { ...opened, deviceEpoch };
}

function purposeOf({ purpose }: StoredSecondFactorTicket): Purpose {
  return purpose === "enter" || purpose === "reset_password" ? purpose : "sign_in";
}

async function showSecondFactor(
  core: Core,
  transaction: Queries,
  account: GateAccount,
  { ticket, totp, admission, facts }: Opening,
): Promise<void> {
  const { userId, sealedSecret } = ticket;
  if (!isToEnroll(account)) {
    const isRight = !admission.isLocked && (await useTotp(core, transaction, { userId, typed: totp }));
    if (!isRight) throw new WrongTotp();
    return;
  }
  // Another one may have been enrolled in between, so that only one that was begun with this ticket counts.
  if (sealedSecret === null) throw ticketRefused();
  const { now } = account;
  const step = findStepOf(core, { userId, sealed: sealedSecret, typed: totp, now });
  if (step === null) throw new WrongTotp();
  await enrollTotp(core, transaction, { userId, sealedSecret, step, facts });
}

async function setPassword(
  core: Core,
  transaction: Queries,
  { userId, evidence, deviceId }: StoredSecondFactorTicket,
  { encoded, facts }: { readonly encoded: string; readonly facts: RequestInfo },
): Promise<number> {
  const account = await findAccountById(transaction, userId);
  if (!account) throw ticketRefused();
  const replaced = { account, encoded, by: shownFor(evidence), deviceId, facts } as const;
  return (await replaceLostPassword(core, transaction, replaced)).deviceEpoch;
}

function describeSignIn({ identifier, openedBy }: StoredSecondFactorTicket) {
  return {
    identifier: (identifier ?? "username") as "username",
    ...(openedBy === "code" && { by: "code" as const }),
    secondFactor: "totp" as const,
  };
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
