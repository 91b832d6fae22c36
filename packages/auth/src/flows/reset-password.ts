import type { AuditEvent } from "../audit/audit-event.ts";
import { recordEvent } from "../audit/audit-log.ts";
import { AuthError } from "../errors.ts";
import { parseIdentifier } from "../identifiers/identifier.ts";
import { takeCode } from "../one-time-codes/code-store.ts";
import { hashCode } from "../one-time-codes/one-time-code.ts";
import { endSessions } from "../sessions/session-store.ts";
import { toNetwork } from "../throttling/address.ts";
import type { Admission, Scope } from "../throttling/throttle.ts";
import { type Account, findAccount, lockUser, markOldTokensEnded, setPassword } from "../users/user-store.ts";
import type { Core, RequestFacts } from "./core.ts";
import { requireGoodPassword } from "./encode-password.ts";
import { forgetFailures } from "./forget-failures.ts";
import { isIssuerGood } from "./issue-password-code.ts";
import { recordUsedUp } from "./record-used-up.ts";
import { whileCounted } from "./while-counted.ts";

export interface ResetPasswordInput {
  /** A username, a phone number or an e-mail address. */
  readonly username: string;
  /** The code that an administrator handed over. */
  readonly code: string;
  readonly newPassword: string;
}

/**
 * Sets a password with a one-time code, and ends every session of the account. A code for nobody is refused like a wrong one,
 * after the same work.
 *
 * @throws AuthError `code_invalid`, `code_expired`, `password_rejected`, `rate_limited`, `overloaded`
 */
export async function resetPassword(core: Core, input: ResetPasswordInput, facts: RequestFacts): Promise<void> {
  const name = parseIdentifier(input.username, core.options.phones);
  const account = name && (await findAccount(core.db, name));
  requireGoodPassword(core, input.newPassword, { field: "newPassword", person: { username: input.username } });
  core.passwords.requireRoom();
  const admission = await core.throttle.admit(scopesOf(name?.value ?? "", facts));
  const encoded = await whileCounted(core, admission, () => core.passwords.hash(input.newPassword));
  const reset = core.db.transaction().execute(async (transaction) => {
    if (!account?.isActive) throw codeInvalid();
    const user = await lockUser(transaction, account.id);
    const codeHash = hashCode(input.code);
    const code = await takeCode(transaction, { userId: account.id, purpose: "set_password", codeHash });
    if (!user?.isActive || code.state === "unknown") throw codeInvalid();
    if (!(await isIssuerGood(transaction, code, user))) throw codeInvalid();
    if (code.state === "expired") throw new AuthError("code_expired", "The code has run out: ask for a new one");
    requireGoodPassword(core, input.newPassword, { field: "newPassword", person: account });
    await setPassword(transaction, account.id, encoded);
    await markOldTokensEnded(transaction, account.id);
    await core.throttle.succeed(transaction, admission.counted);
    await forgetFailures(core, transaction, account);
    const { length: sessionsEnded } = await endSessions(transaction, {
      userId: account.id,
      reason: "password_changed",
    });
    const happened = { event: "password_reset", sessionsEnded } as const;
    await recordEvent(transaction, happened, { ...facts, actorId: null, subjectId: account.id });
  });
  await reset.catch(async (error) => {
    const because = findRefusal(error, account);
    if (because) await recordRefusal(core, because, { admission, facts, subjectId: account?.id ?? null });
    throw error;
  });
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
  readonly facts: RequestFacts;
  readonly subjectId: string | null;
}

/** Written down after what the refusal undid, and with the same work whoever was named. */
async function recordRefusal(
  core: Core,
  because: ResetRefusal,
  { admission, facts, subjectId }: Refused,
): Promise<void> {
  await core.db.transaction().execute(async (transaction) => {
    const about = { ...facts, actorId: null, subjectId };
    await recordEvent(transaction, { event: "password_reset_refused", because }, about);
    await recordUsedUp(transaction, admission, about);
  });
}

function scopesOf(name: string, { address }: RequestFacts): Scope[] {
  const network = toNetwork(address);
  return [
    { limit: "reset_password_name_and_address", of: [name, network] },
    { limit: "reset_password_address", of: [network] },
  ];
}

function codeInvalid(): AuthError {
  return new AuthError("code_invalid", "The code is not good for that account");
}
