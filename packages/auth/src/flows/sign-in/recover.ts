import type { AuditEvent } from "../../audit/audit-event.ts";
import { recordEvent } from "../../audit/audit-log.ts";
import { AuthError, type SecondFactorMethod } from "../../errors.ts";
import {
  findRecoveryCodeOwner,
  findRecoveryTicketOwner,
  issueRecoveryTicket,
  type MadeRecoveryCodes,
  type RecoveryTicket,
  settleRecoveryCodes,
  useRecoveryTicket,
} from "../../one-time-codes/recovery-code-store.ts";
import type { PasskeyCreationOptions, PasskeyRegistration, StartedPasskey } from "../../passkeys/passkey-json.ts";
import { createUnusablePassword } from "../../passwords/unusable-password.ts";
import type { Queries } from "../../storage/database.ts";
import { toNetwork } from "../../throttling/address.ts";
import type { Admission } from "../../throttling/throttle.ts";
import type { User } from "../../users/user.ts";
import { findAccountById, recordSignIn, recordSignInByCode } from "../../users/user-store.ts";
import { toAuthentication } from "../steps/authentication-methods.ts";
import { refusePasskey } from "../steps/check-passkey.ts";
import type { Core, RequestInfo } from "../steps/core.ts";
import { countAtAddress } from "../steps/count-at-address.ts";
import { requireGoodPassword } from "../steps/encode-password.ts";
import { askForNewPasskey, checkRegistration, enrollPasskey } from "../steps/enroll-passkey.ts";
import { removeAllFactors } from "../steps/enroll-totp.ts";
import { askGate, type GateAccount, nobody, readGateAccount } from "../steps/gate.ts";
import { type AnsweredSession, answerSignIn, type SignInAnswer } from "../steps/issue-session-tokens.ts";
import { keepNotice } from "../steps/keep-notice.ts";
import { findKnownDevice } from "../steps/known-device.ts";
import { type FactorEnrolled, makeMissingCodes } from "../steps/make-recovery-codes.ts";
import { openSession } from "../steps/open-session.ts";
import { recordExhausted } from "../steps/record-exhausted.ts";
import { isUndone, refundOnFailure } from "../steps/refund-on-failure.ts";
import { replaceLostPassword } from "../steps/replace-lost-password.ts";
import { askForSecondFactor, listMethods, secondFactorRequired } from "../steps/second-factor.ts";
import { tellHook, tellPasswordReset } from "../steps/tell-hooks.ts";

export interface StartRecoveryInput {
  /** One of the account's recovery codes, as the person types it. No name is needed. */
  readonly code: string;
}

export interface RecoverInput {
  /** What `startRecovery` answered. */
  readonly ticket: string;
  readonly newPassword: string;
  /** Whether the authenticator app and the passkeys are lost as well: they are taken away then. They stay, and are asked for, otherwise. */
  readonly removeSecondFactors?: boolean | undefined;
  readonly deviceMark?: string | undefined;
  /** What to call the device in the list of sessions. */
  readonly deviceName?: string | undefined;
}

/** What sets a password, and what the account asks for besides: whoever has lost that too says so. */
export interface StartedRecovery extends RecoveryTicket {
  readonly methods: readonly SecondFactorMethod[];
  /** Whether that takes them away; where it does not, an administrator does. */
  readonly mayRemoveSecondFactors: boolean;
}

/** The person is signed in; or the password is set, and they sign in with it, because a hook has refused this sign-in. */
export type RecoveryAnswer<Person extends User = User> = SignInAnswer<Person> | { readonly next: "sign_in" };

/**
 * Exchanges a recovery code for a ticket that sets a password, once, within 15 minutes. Until then the code stays as it is: the same again
 * gets another ticket, and the one before is good no more. A code of nobody's is refused like every other, after the same work.
 *
 * @throws AuthError `code_invalid`, `rate_limited`
 */
export async function startRecovery(
  core: Core,
  { code }: StartRecoveryInput,
  facts: RequestInfo,
): Promise<StartedRecovery> {
  const admission = await count(core, facts);
  const ownerId = await findRecoveryCodeOwner(core.db, code);
  const issued = await core.db.transaction().execute(async (transaction) => {
    const owner = await holdOwner(core, transaction, ownerId);
    const mayRecover = owner !== null && opensRecovery(core, owner);
    const ticket = mayRecover ? await issueRecoveryTicket(transaction, code) : null;
    const about = { ...facts, actorId: null, subjectId: ownerId };
    if (ticket) {
      await recordEvent(transaction, { event: "recovery_started" }, about);
      await core.throttle.settle(transaction, admission.counted);
    } else {
      const because = !owner ? "unknown_code" : owner.state.isActive ? "used_code" : "inactive_account";
      await recordRefusal(transaction, because, { admission, facts, ownerId });
    }
    const mayRemoveSecondFactors = core.options.recoveryRemovesFactors;
    return ticket && owner ? { ...ticket, methods: listMethods(owner), mayRemoveSecondFactors } : null;
  });
  if (!issued) throw new AuthError("code_invalid", "The code is not right, or was used already");
  return issued;
}

/**
 * Sets a password with the ticket of a recovery code, which is used up by that, ends every session of the account, forgets every other
 * device, and signs the person in with that password, as if they had typed it. A second factor stays and is asked for, unless its owner says
 * that it is lost too: a code that was used because a password was forgotten must not take it away.
 *
 * @throws AuthError `code_invalid` for a ticket that is good no more, `password_rejected`, `second_factor_required` once the password is set,
 * `permission_denied` where a code takes no factor away, `rate_limited`, `overloaded`
 */
export async function recover(core: Core, input: RecoverInput, facts: RequestInfo): Promise<RecoveryAnswer> {
  const { ticket, newPassword, removeSecondFactors = false, deviceMark, deviceName } = input;
  const network = toNetwork(facts.address);
  await requireGoodPassword(core, newPassword, { field: "newPassword", person: {} });
  core.passwords.assertCapacity(network);
  const admission = await count(core, facts);
  const ownerId = await findRecoveryTicketOwner(core.db, ticket);
  const account = ownerId === null ? null : await findAccountById(core.db, ownerId);
  // A ticket that there is not is refused before any work: nobody guesses one, and nothing can be learnt of it.
  if (!account) return refuseTicket(core, { admission, facts, ownerId });
  const encoded = await refundOnFailure(core, admission, async () => {
    await requireGoodPassword(core, newPassword, { field: "newPassword", person: account });
    return core.passwords.hash(newPassword, network);
  });
  const done = await core.db.transaction().execute(async (transaction) => {
    const held = await useTicket(core, transaction, { ownerId: account.id, ticket, removeSecondFactors, facts });
    if (!held) return null;
    const deviceId = findKnownDevice(core, held, deviceMark);
    const { counted } = admission;
    const replaced = { account, encoded, by: "recovery_code", deviceId, counted, facts } as const;
    const { deviceEpoch, isDeletionStopped } = await replaceLostPassword(core, transaction, replaced);
    const after = await readGateAccount(core, transaction, held.id);
    const hasSecondFactor = after?.state.hasSecondFactor ?? true;
    const state = { ...held.state, hasPassword: true, isPasswordChangeDue: false, hasSecondFactor };
    const owner = { ...held, state, factors: after?.factors ?? held.factors };
    // No device is known any more, this one included, so that the ticket is of none.
    const half = { purpose: "sign_in", by: "password", identifier: "none", deviceId: null, deviceName, facts } as const;
    const asked = state.hasSecondFactor
      ? await askForSecondFactor(core, transaction, { account: owner, evidence: shown, ...half })
      : null;
    return { owner, deviceId, deviceEpoch, isDeletionStopped, asked };
  });
  if (!done) return refuseTicket(core, { admission, facts, ownerId });
  await tellPasswordReset(core, account.id, { by: "code", request: facts });
  if (done.asked) throw secondFactorRequired(done.asked);
  const opened = await signInWith(core, { owner: done.owner, encoded, deviceName, facts });
  const { isDeletionStopped } = done;
  return opened ? answerSignIn(core, { ...opened, isDeletionStopped }, done) : { next: "sign_in" };
}

/** The same, with ten new recovery codes for somebody who has used their last one. */
export interface PasskeyRecoverySignIn<Person extends User = User> extends SignInAnswer<Person> {
  readonly recoveryCodes?: MadeRecoveryCodes;
}

/** A session with the new passkey; `next: "sign_in"` where a hook refused it. */
export type PasskeyRecoveryAnswer<Person extends User = User> =
  | PasskeyRecoverySignIn<Person>
  | { readonly next: "sign_in" };

export interface RecoverByPasskeyInput extends Omit<RecoverInput, "newPassword"> {
  /** What the browser answered to `startRecoveryPasskey`. */
  readonly passkey: PasskeyRegistration;
}

/**
 * What the browser of somebody is to be asked so that it makes a passkey, with the ticket of a recovery code, in the place of a new password.
 *
 * @throws AuthError `code_invalid` for a ticket that is good no more, `rate_limited`, `permission_denied` where there are no passkeys, for an
 * account that has too many, and for one with a factor where a code takes none away
 */
export async function startRecoveryPasskey(
  core: Core,
  ticket: string,
  facts: RequestInfo,
): Promise<StartedPasskey<PasskeyCreationOptions>> {
  const admission = await count(core, facts);
  const ownerId = await findRecoveryTicketOwner(core.db, ticket);
  if (ownerId === null) return refuseTicket(core, { admission, facts, ownerId });
  const owner = await readGateAccount(core, core.db, ownerId);
  if (owner && hasFactors(owner)) requireRemoval(core);
  const started = await askForNewPasskey(core, { purpose: "recover", boundTo: ticket, userId: ownerId });
  await core.throttle.refund(admission.counted);
  return started;
}

/**
 * Gives somebody the passkey that their browser has made with the ticket of a recovery code, which is used up by that, and signs them in with
 * it. The password of before is gone, as it would be by another one, and so is whatever it opened. The other factors stay, unless their owner
 * says that those are lost.
 *
 * @throws AuthError `code_invalid` for a ticket that is good no more, `invalid_credentials` for an answer that is not right, `code_expired`,
 * `permission_denied`, `rate_limited`
 */
export async function recoverByPasskey(
  core: Core,
  { ticket, passkey, removeSecondFactors = false, deviceName }: RecoverByPasskeyInput,
  facts: RequestInfo,
): Promise<PasskeyRecoveryAnswer> {
  const admission = await count(core, facts);
  const ownerId = await findRecoveryTicketOwner(core.db, ticket);
  if (ownerId === null) return refuseTicket(core, { admission, facts, ownerId });
  try {
    const right = await checkRegistration(core, passkey, { purpose: "recover", boundTo: ticket, userId: ownerId });
    const done = await core.db.transaction().execute(async (transaction) => {
      const held = await useTicket(core, transaction, { ownerId, ticket, removeSecondFactors, facts });
      const account = held && (await findAccountById(transaction, held.id));
      if (!account) return null;
      if (hasFactors(held)) requireRemoval(core);
      const { counted } = admission;
      // Whoever made this necessary may know it: a code that was sent can have set it.
      const gone = { account, encoded: createUnusablePassword(), by: "recovery_code", counted, facts } as const;
      const replaced = await replaceLostPassword(core, transaction, gone);
      const after = await readGateAccount(core, transaction, account.id);
      if (!after) return null;
      await enrollPasskey(core, transaction, { account: after, right, name: deviceName, facts });
      return replaced;
    });
    if (!done) return await refuseTicket(core, { admission, facts, ownerId });
    await tellPasswordReset(core, ownerId, { by: "code", request: facts });
    const opened = await signInWithPasskey(core, { id: ownerId, deviceName, facts });
    if (!opened) return { next: "sign_in" };
    const { recoveryCodes } = opened;
    const { deviceEpoch, isDeletionStopped } = done;
    const answer = await answerSignIn(core, { ...opened, isDeletionStopped }, { deviceId: null, deviceEpoch });
    return recoveryCodes ? { ...answer, recoveryCodes } : answer;
  } catch (error) {
    return refusePasskey(core, error, { purpose: "recover", actorId: null, facts });
  }
}

/** Opens a session with the passkey that was just made. A hook that refuses a sign-in does not undo the rest. */
async function signInWithPasskey(
  core: Core,
  { id, deviceName, facts }: { id: string; deviceName: string | undefined; facts: RequestInfo },
): Promise<(AnsweredSession & FactorEnrolled) | null> {
  const open = async (transaction: Queries) => {
    const held = await readGateAccount(core, transaction, id, { isLocked: true });
    if (!held || askGate(core, held, ["passkey"], "sign_in").opens !== "session") return null;
    const user = await recordSignInByCode(transaction, core.profile, { id: held.id, proved: {} });
    if (!user) return null;
    const authentication = toAuthentication(["passkey"]);
    const signIn = { identifier: "none", by: "recovery_code" } as const;
    const opened = await openSession(core, transaction, {
      user,
      facts,
      deviceName,
      by: "passkey",
      authentication,
      signIn,
    });
    const missing = { account: held, sessionId: opened.session.id, isByCodeAlone: false, facts };
    const recoveryCodes = await makeMissingCodes(core, transaction, missing);
    await tellHook(core, transaction, "signedIn", { user, session: opened.session, request: facts });
    return { ...opened, recoveryCodes };
  };
  return unlessRefused(() => core.db.transaction().execute(open));
}

/** What somebody has shown who has just set a password with a code. */
const shown = ["password", "recovery_code"] as const;

/** Whoever has lost the phone as well says so: without this, a lost phone would be a lost account. */
async function takeLostFactors(core: Core, transaction: Queries, userId: string, facts: RequestInfo): Promise<void> {
  await removeAllFactors(transaction, userId);
  const about = { ...facts, actorId: null, subjectId: userId };
  await recordEvent(transaction, { event: "second_factor_reset", sessionsEnded: 0 }, about);
  await keepNotice(core, transaction, { userId, kind: "second_factor_changed", facts });
}

/** Tries are counted by where they come from alone: a code has too many bits to be guessed from anywhere. */
const count = (core: Core, facts: RequestInfo) => countAtAddress(core, "recovery_address", facts);

/** The owner of a code with their row held; nobody's with the same work. */
async function holdOwner(core: Core, transaction: Queries, id: string | null): Promise<GateAccount | null> {
  const held = await readGateAccount(core, transaction, id, { isLocked: true });
  await settleRecoveryCodes(transaction, id ?? nobody);
  return held;
}

interface ShownTicket {
  readonly ownerId: string;
  readonly ticket: string;
  readonly removeSecondFactors: boolean;
  readonly facts: RequestInfo;
}

/** Uses a ticket up, and takes away the factors that its owner says are lost. Answers the owner as before that; null where the ticket is good no more. */
async function useTicket(
  core: Core,
  transaction: Queries,
  { ownerId, ticket, removeSecondFactors, facts }: ShownTicket,
): Promise<GateAccount | null> {
  const held = await holdOwner(core, transaction, ownerId);
  if (!held || !opensRecovery(core, held) || !(await useRecoveryTicket(transaction, ticket))) return null;
  if (!removeSecondFactors || !hasFactors(held)) return held;
  requireRemoval(core);
  await takeLostFactors(core, transaction, held.id, facts);
  return held;
}

const hasFactors = ({ factors }: GateAccount) => factors.hasTotp || factors.hasPasskey;

/** @throws AuthError `permission_denied` where one code, which somebody may have found, is not to stand for a factor */
function requireRemoval({ options }: Core): void {
  if (options.recoveryRemovesFactors) return;
  throw new AuthError(
    "permission_denied",
    "A recovery code sets a password and takes no factor away here: ask an administrator for that",
  );
}

const opensRecovery = (core: Core, owner: GateAccount) =>
  owner.testSeconds === null && askGate(core, owner, ["recovery_code"], "reset_password").opens === "ticket";

interface SignInToOpen {
  /** As they were before the code was used up, with the password that it has set. */
  readonly owner: GateAccount;
  readonly encoded: string;
  readonly deviceName: string | undefined;
  readonly facts: RequestInfo;
}

/**
 * Opens a session with the password that was just set, where that and the code are enough. A hook that refuses a sign-in does not undo the
 * reset.
 */
async function signInWith(
  core: Core,
  { owner, encoded, deviceName, facts }: SignInToOpen,
): Promise<AnsweredSession | null> {
  if (askGate(core, owner, shown, "sign_in").opens !== "session") return null;
  const open = async (transaction: Queries) => {
    const checked = { id: owner.id, verifiedHash: encoded, nextHash: encoded };
    const user = await recordSignIn(transaction, core.profile, checked);
    if (!user) return null;
    const authentication = toAuthentication(["password"]);
    const opened = await openSession(core, transaction, {
      user,
      facts,
      deviceName,
      by: "password",
      authentication,
      signIn: { identifier: "none", by: "recovery_code" },
    });
    await tellHook(core, transaction, "signedIn", { user, session: opened.session, request: facts });
    return opened;
  };
  return unlessRefused(() => core.db.transaction().execute(open));
}

/** Null where a hook has refused it. */
async function unlessRefused<Opened>(run: () => Promise<Opened>): Promise<Opened | null> {
  try {
    return await run();
  } catch (error) {
    if (isUndone(error)) return null;
    throw error;
  }
}

interface Refused {
  readonly admission: Admission;
  readonly facts: RequestInfo;
  readonly ownerId: string | null;
}

type Refusal = Extract<AuditEvent, { event: "recovery_refused" }>["because"];

async function recordRefusal(transaction: Queries, because: Refusal, refused: Refused): Promise<void> {
  const about = { ...refused.facts, actorId: null, subjectId: refused.ownerId };
  await recordEvent(transaction, { event: "recovery_refused", because }, about);
  await recordExhausted(transaction, refused.admission, about);
}

async function refuseTicket(core: Core, refused: Refused): Promise<never> {
  await core.db.transaction().execute((transaction) => recordRefusal(transaction, "wrong_ticket", refused));
  throw new AuthError("code_invalid", "The ticket is good no more: begin with a recovery code again", {
    issues: [{ path: ["ticket"], code: "invalid_value", message: "is good no more" }],
  });
}
