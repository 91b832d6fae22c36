import type { SignInRefusal } from "../../audit/audit-event.ts";
import { recordEvent } from "../../audit/audit-log.ts";
import { AuthError } from "../../errors.ts";
import type { Identifier } from "../../identifiers/identifier.ts";
import type { PasswordCheck } from "../../passwords/passwords.ts";
import { toNetwork } from "../../throttling/address.ts";
import { type Account, recordSignIn, rehashPassword } from "../../users/user-store.ts";
import { toAuthentication } from "../steps/authentication-methods.ts";
import type { Core, RequestInfo } from "../steps/core.ts";
import { readName } from "../steps/find-named.ts";
import { type GateAccount, readGateAccount } from "../steps/gate.ts";
import { type AnsweredSession, answerSignIn, type SignInAnswer } from "../steps/issue-session-tokens.ts";
import { keepNotice } from "../steps/keep-notice.ts";
import { askForMore, halfSignInRefused, type MoreAsked } from "../steps/new-password.ts";
import { noticeFailures } from "../steps/notice-failures.ts";
import { openSession } from "../steps/open-session.ts";
import { codeOf, proveByTicket, useTicketBeside } from "../steps/proved-name.ts";
import { recordExhausted } from "../steps/record-exhausted.ts";
import { isUndone, refundOnFailure, unlessUndone } from "../steps/refund-on-failure.ts";
import { findRememberedDevice } from "../steps/remembered-device.ts";
import type { HalfSignIn } from "../steps/second-factor.ts";
import { tellHook } from "../steps/tell-hooks.ts";
import { openingOf } from "../steps/way-in.ts";
import { countSignIn, type SignInAdmission } from "./count-sign-in.ts";

export interface SignInInput {
  /** A username, a phone number in any usual spelling, or an e-mail address. */
  readonly username: string;
  readonly password: string;
  /** What an earlier sign-in with this device answered. */
  readonly deviceMark?: string | undefined;
  /** What `signInBySecondFactor` answered with `remember`: on that device the password is enough while it is remembered. */
  readonly rememberMark?: string | undefined;
  /** What to call the device in the list of sessions. */
  readonly deviceName?: string | undefined;
  /** Of `token.obtainByCode` with `next: "another_way"`: with it the password proves the number. One that is good no more proves nothing. */
  readonly ticket?: string | undefined;
}

/**
 * Signs a person in. Whatever is wrong (unknown name, wrong password, inactive account, unusable password, an account that is locked),
 * the refusal is the same and took the same work.
 *
 * @throws AuthError `invalid_credentials`, `second_factor_required` and `password_change_required` once the password was right, `rate_limited`, `overloaded`, `refused_by_hook`,
 * `hook_failed`, and `invalid_input` for digits that are two phone numbers
 */
export async function signIn(core: Core, input: SignInInput, facts: RequestInfo): Promise<SignInAnswer> {
  const network = toNetwork(facts.address);
  core.passwords.assertCapacity(network);
  const identifier = readName(core, input.username, "username");
  const admission = await countSignIn(core, {
    typed: input.username,
    identifier,
    deviceMark: input.deviceMark,
    facts,
  });
  const { account } = admission;
  // Nothing fits an account that is locked or disabled, so that nothing is learnt of its password.
  const stored = account?.isActive && !admission.isLocked ? account.password : null;
  const check = await refundOnFailure(core, admission, () => core.passwords.verify(input.password, stored, network));
  const evidence = check.matches ? (["password"] as const) : [];
  const opening = account && openingOf({ account, hasPassword: check.isUsable }, evidence, "sign_in");
  if (!account || opening !== "session") {
    return refuse(core, { identifier, account, admission, because: findReason(account, admission, check), facts });
  }
  const nextHash = (check.needsRehash && (await tryRehash(core, input.password, network))) || account.password;
  const { deviceName, ticket, rememberMark } = input;
  const signedIn = { account, admission, nextHash, identifier, deviceName, ticket, rememberMark, facts };
  const opened = await unlessUndone(core, admission, () => open(core, signedIn)).catch((error) =>
    recordUndone(core, signedIn, error),
  );
  if (opened && !("session" in opened)) throw halfSignInRefused(opened);
  if (opened) {
    const { deviceId } = admission;
    return answerSignIn(core, opened, { deviceId, deviceEpoch: account.deviceEpoch });
  }
  // The account changed while the password was being checked: what was checked no longer counts.
  await core.throttle.refund(admission.counted);
  return signIn(core, input, facts);
}

interface SignedIn {
  readonly account: Account;
  readonly admission: SignInAdmission;
  readonly nextHash: string;
  /** Null where an alias was typed. */
  readonly identifier: Identifier | null;
  readonly deviceName: string | undefined;
  readonly ticket: string | undefined;
  readonly rememberMark: string | undefined;
  readonly facts: RequestInfo;
}

/** A session, or what is asked for besides. Null when the account changed since its password was read. */
async function open(core: Core, signedIn: SignedIn): Promise<AnsweredSession | MoreAsked | null> {
  const { account, admission, nextHash, identifier, deviceName, ticket, rememberMark: mark, facts } = signedIn;
  return core.db.transaction().execute(async (transaction) => {
    const checked = { id: account.id, verifiedHash: account.password, nextHash };
    // What ends a remembered device holds the account's row before the device's.
    const held = await readGateAccount(core, transaction, account.id, { isLocked: mark !== undefined });
    const { hasSecondFactor = false, isPasswordChangeDue = false } = held?.state ?? {};
    const state = { account, hasPassword: true, hasSecondFactor, isPasswordChangeDue };
    const remembered = held && (await findRememberedDevice(core, transaction, { account: held, mark, facts }));
    const shown = remembered ? (["password", "remembered_device"] as const) : (["password"] as const);
    const opens = openingOf(state, shown, "sign_in");
    if (held && (opens === "second_factor" || opens === "new_password")) {
      if (!(await rehashPassword(transaction, checked))) return null;
      // What it proves is noted once all is shown.
      const proved =
        ticket === undefined ? null : await useTicketBeside(core, transaction, { ticket, userId: account.id });
      const evidence = proved ? (["password", codeOf[proved]] as const) : (["password"] as const);
      const asked = await askForMore(core, transaction, { ...toHalfSignIn(held, signedIn), evidence, lacks: opens });
      await core.throttle.settle(transaction, admission.counted);
      return asked;
    }
    const user = await recordSignIn(transaction, core.profile, checked);
    if (!user) return null;
    if (ticket !== undefined) await proveByTicket(core, transaction, { ticket, userId: user.id, facts });
    if (admission.deviceId === null && account.lastLogin !== null)
      await keepNotice(core, transaction, { userId: user.id, kind: "new_device", facts });
    const authentication = toAuthentication(["password"]);
    const opened = await openSession(core, transaction, {
      user,
      facts,
      deviceName,
      by: "password",
      authentication,
      remembered,
      signIn: { identifier: identifier?.kind ?? "alias" },
    });
    await tellHook(core, transaction, "signedIn", { user, session: opened.session, request: facts });
    await core.throttle.settle(transaction, admission.counted);
    return opened;
  });
}

/** The password was right, so that its guesses are forgotten: the second factor has a count of its own. */
function toHalfSignIn(
  held: GateAccount,
  { admission, identifier, deviceName, facts }: SignedIn,
): Omit<HalfSignIn, "evidence"> {
  return {
    account: held,
    purpose: "sign_in",
    by: "password",
    identifier: identifier?.kind ?? "alias",
    deviceId: admission.deviceId,
    deviceName,
    facts,
  };
}

async function recordUndone(core: Core, { identifier, account, facts }: SignedIn, error: unknown): Promise<never> {
  const happened = { event: "sign_in_refused", identifier: identifier?.kind ?? "alias", because: "hook" } as const;
  if (isUndone(error)) await recordEvent(core.db, happened, { ...facts, actorId: null, subjectId: account.id });
  throw error;
}

function findReason(account: Account | null, { isLocked }: SignInAdmission, check: PasswordCheck): SignInRefusal {
  if (!account) return "unknown_user";
  if (!account.isActive) return "inactive_account";
  if (isLocked) return "locked_account";
  return check.isUsable ? "wrong_password" : "unusable_password";
}

interface Refusal {
  readonly account: Account | null;
  readonly admission: SignInAdmission;
  readonly identifier: Identifier | null;
  readonly because: SignInRefusal;
  readonly facts: RequestInfo;
}

async function refuse(core: Core, { identifier, account, admission, because, facts }: Refusal): Promise<never> {
  const about = { ...facts, actorId: null, subjectId: account?.id ?? null };
  await core.db.transaction().execute(async (transaction) => {
    const happened = {
      event: "sign_in_refused",
      identifier: identifier?.kind ?? (account ? "alias" : "none"),
      because,
    } as const;
    await recordEvent(transaction, happened, about);
    await recordExhausted(transaction, admission, about);
    await noticeFailures(core, transaction, account);
  });
  throw new AuthError("invalid_credentials", "Invalid credentials");
}

/** A new hash under the present settings; null when the service is too busy, since the next sign-in can do it as well. */
async function tryRehash(core: Core, password: string, network: string | null): Promise<string | null> {
  try {
    return await core.passwords.hash(password, network);
  } catch (error) {
    if (error instanceof AuthError && error.code === "overloaded") return null;
    throw error;
  }
}
