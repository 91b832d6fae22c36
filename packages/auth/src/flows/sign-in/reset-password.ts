import type { AuditEvent } from "../../audit/audit-event.ts";
import { recordEvent } from "../../audit/audit-log.ts";
import { AuthError } from "../../errors.ts";
import { hasCode, takeCode } from "../../one-time-codes/code-store.ts";
import { hashCode } from "../../one-time-codes/one-time-code.ts";
import { toNetwork } from "../../throttling/address.ts";
import type { Scope } from "../../throttling/scope.ts";
import type { Admission } from "../../throttling/throttle.ts";
import { type Account, findAccountById, lockUser } from "../../users/user-store.ts";
import { codeRefused, toEvidence, withRightCode } from "../steps/check-code.ts";
import type { Core, RequestInfo } from "../steps/core.ts";
import { countPasswordCode } from "../steps/count-code-guess.ts";
import { toCountedName } from "../steps/counted-name.ts";
import { requireGoodPassword } from "../steps/encode-password.ts";
import { findNamedAccount, readName } from "../steps/find-named.ts";
import { askGate, type GateAccount, nobody, readGateAccount } from "../steps/gate.ts";
import { findKnownDevice } from "../steps/known-device.ts";
import { isIssuerGood } from "../steps/password-code.ts";
import { recordExhausted } from "../steps/record-exhausted.ts";
import { refundOnFailure } from "../steps/refund-on-failure.ts";
import { replaceLostPassword } from "../steps/replace-lost-password.ts";
import { waitAt } from "../steps/reset-sign-in-limits.ts";
import { askForSecondFactor, secondFactorRequired } from "../steps/second-factor.ts";
import { tellPasswordReset } from "../steps/tell-hooks.ts";

export interface ResetPasswordInput {
  /** A username, a phone number or an e-mail address. */
  readonly username: string;
  /** The code that an administrator handed over. */
  readonly code: string;
  readonly newPassword: string;
  readonly deviceMark?: string | undefined;
}

export interface ResetByCodeInput {
  /** What `password.startReset` answered. */
  readonly challenge: string;
  /** The code that was sent. */
  readonly code: string;
  readonly newPassword: string;
  readonly deviceMark?: string | undefined;
}

/** Nothing is open any more; the device that set the password is known under its new mark. */
export interface PasswordReset {
  /** For the next sign-in with this device. Lets nobody in by itself. */
  readonly deviceMark: string;
}

/**
 * Sets a password with the code that was sent to the account's number or address, which is proved by that, ends every session, and forgets
 * every other device.
 *
 * @throws AuthError `code_invalid`, `code_expired`, `password_rejected`, `rate_limited`, `overloaded`, and `second_factor_required` where the
 * account has one: the password is set when it is shown
 */
export async function resetPasswordByCode(
  core: Core,
  input: ResetByCodeInput,
  facts: RequestInfo,
): Promise<PasswordReset> {
  const { challenge, code, newPassword, deviceMark } = input;
  const network = toNetwork(facts.address);
  await requireGoodPassword(core, newPassword, { field: "newPassword", person: {} });
  core.passwords.assertCapacity(network);
  let encoded = "";
  const prepare = async () => {
    encoded = await core.passwords.hash(newPassword, network);
  };
  const wanted = { challenge, code, purpose: "reset_password", deviceMark, prepare } as const;
  const done = await withRightCode(core, wanted, facts, async (transaction, right) => {
    const { holder, target } = right;
    const account = holder && (await findAccountById(transaction, holder.id));
    // The account of a test number never has a password.
    if (!account || holder.testSeconds !== null) throw codeRefused();
    const deviceId = findKnownDevice(core, holder, deviceMark);
    const evidence = toEvidence(right, deviceId);
    const { opens } = askGate(core, holder, evidence, "reset_password");
    if (opens !== "session" && opens !== "second_factor") throw codeRefused();
    await requireGoodPassword(core, newPassword, { field: "newPassword", person: account });
    await right.consume();
    if (opens === "second_factor") {
      const half = { evidence, purpose: "reset_password", by: "code", identifier: target.kind, deviceId } as const;
      return askForSecondFactor(core, transaction, { account: holder, ...half, nextPassword: encoded, facts });
    }
    const counted = right.checked.tellsChannel ? [waitAt(target.address)] : [];
    const replaced = { account, encoded, by: target.kind, deviceId, counted, facts };
    const { deviceMark: nextMark } = await replaceLostPassword(core, transaction, replaced);
    return { id: account.id, deviceMark: nextMark };
  });
  if ("methods" in done) throw secondFactorRequired(done);
  const { id, ...answer } = done;
  await tellPasswordReset(core, id, { by: "code", request: facts });
  return answer;
}

/**
 * Sets a password with a one-time code, ends every session of the account, and forgets every other device. A code for an unknown name is refused like a wrong one,
 * after the same work.
 *
 * @throws AuthError `code_invalid`, `code_expired`, `password_rejected`, `rate_limited`, `overloaded`, `invalid_input`
 */
export async function resetPassword(core: Core, input: ResetPasswordInput, facts: RequestInfo): Promise<PasswordReset> {
  const name = readName(core, input.username, "username");
  const network = toNetwork(facts.address);
  await requireGoodPassword(core, input.newPassword, { field: "newPassword", person: { username: input.username } });
  core.passwords.assertCapacity(network);
  const admission = await core.throttle.consume(scopesOf(toCountedName(name, input.username), network));
  const account = await findNamedAccount(core.db, name, input.username);
  const guess = await refundOnFailure(core, admission, () => countPasswordCode(core, account?.id ?? null));
  const counted = [...admission.counted, ...guess.counted];
  const encoded = await refundOnFailure(core, { counted }, () => core.passwords.hash(input.newPassword, network));
  const presented = { userId: account?.id ?? nobody, purpose: "set_password", codeHash: hashCode(input.code) } as const;
  const deviceId = findKnownDevice(core, account, input.deviceMark);
  let deviceMark = "";
  try {
    const isRight = await hasCode(core.db, presented);
    if (!isRight || guess.isLocked || !account?.isActive) throw codeInvalid();
    await core.db.transaction().execute(async (transaction) => {
      const user = await lockUser(transaction, account.id);
      const code = await takeCode(transaction, presented);
      const held = await readGateAccount(core, transaction, account.id);
      if (!user || code.state === "unknown" || !held || !mayBeSet(core, held)) throw codeInvalid();
      if (!(await isIssuerGood(core, transaction, { code, target: user }))) throw codeInvalid();
      if (code.state === "expired") throw new AuthError("code_expired", "The code has run out: ask for a new one");
      await requireGoodPassword(core, input.newPassword, { field: "newPassword", person: account });
      const atName = waitAt(toCountedName(name, input.username));
      const replaced = { account, encoded, deviceId, counted: [...counted, atName], facts };
      ({ deviceMark } = await replaceLostPassword(core, transaction, replaced));
    });
  } catch (error) {
    const because = findRefusal(error, account);
    if (because) await recordRefusal(core, because, { admission, facts, subjectId: account?.id ?? null });
    else await core.throttle.refund(guess.counted);
    throw error;
  }
  await tellPasswordReset(core, account.id, { by: "code", request: facts });
  return { deviceMark };
}

/** Whether an administrator's code sets this account's password. */
function mayBeSet(core: Core, account: GateAccount): boolean {
  if (account.testSeconds !== null) return false;
  return askGate(core, account, ["administrator_code"], "reset_password").opens === "ticket";
}

type ResetRefusal = Extract<AuditEvent, { event: "password_reset_refused" }>["because"];

/** Why a code was refused, for the administrator; null for every other failure. */
function findRefusal(error: unknown, account: Account | null): ResetRefusal | null {
  if (!(error instanceof AuthError)) return null;
  if (error.code === "code_expired") return "expired_code";
  if (error.code !== "code_invalid") return null;
  if (!account) return "unknown_user";
  return account.isActive ? "wrong_code" : "inactive_account";
}

interface Refused {
  readonly admission: Admission;
  readonly facts: RequestInfo;
  readonly subjectId: string | null;
}

/** Written down after what the refusal undid, and with the same work for a known name and an unknown one. */
async function recordRefusal(
  core: Core,
  because: ResetRefusal,
  { admission, facts, subjectId }: Refused,
): Promise<void> {
  await core.db.transaction().execute(async (transaction) => {
    const about = { ...facts, actorId: null, subjectId };
    await recordEvent(transaction, { event: "password_reset_refused", because }, about);
    await recordExhausted(transaction, admission, about);
  });
}

function scopesOf(name: string, network: string | null): Scope[] {
  if (network === null) return [{ limit: "reset_password_name_and_address", of: [name] }];
  return [
    { limit: "reset_password_name_and_address", of: [name, network] },
    { limit: "reset_password_address", of: [network] },
  ];
}

function codeInvalid(): AuthError {
  return new AuthError("code_invalid", "The code is not good for that account");
}
