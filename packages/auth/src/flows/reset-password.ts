import { recordEvent } from "../audit/audit-log.ts";
import { AuthError } from "../errors.ts";
import { takeCode } from "../one-time-codes/code-store.ts";
import { hashCode } from "../one-time-codes/one-time-code.ts";
import { endSessions } from "../sessions/session-store.ts";
import { toNetwork } from "../throttling/address.ts";
import type { Scope } from "../throttling/throttle.ts";
import { lockUser, setPassword } from "../users/user-store.ts";
import type { Core, RequestFacts } from "./core.ts";
import { requireGoodPassword } from "./encode-password.ts";
import { findNamedAccount, readName } from "./find-named.ts";
import { forgetFailures } from "./forget-failures.ts";
import { isIssuerGood } from "./issue-password-code.ts";
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
 * @throws AuthError `code_invalid`, `code_expired`, `password_rejected`, `rate_limited`, `overloaded`, `invalid_input`
 */
export async function resetPassword(core: Core, input: ResetPasswordInput, facts: RequestFacts): Promise<void> {
  const name = readName(core, input.username, "username");
  const account = name && (await findNamedAccount(core.db, name, input.username));
  requireGoodPassword(core, input.newPassword, { field: "newPassword", person: { username: input.username } });
  core.passwords.requireRoom();
  const admission = await core.throttle.admit(scopesOf(name?.value ?? "", facts));
  const encoded = await whileCounted(core, admission, () => core.passwords.hash(input.newPassword));
  if (!account?.isActive) throw codeInvalid();
  await core.db.transaction().execute(async (transaction) => {
    const user = await lockUser(transaction, account.id);
    const codeHash = hashCode(input.code);
    const code = await takeCode(transaction, { userId: account.id, purpose: "set_password", codeHash });
    if (!user?.isActive || code.state === "unknown") throw codeInvalid();
    if (!(await isIssuerGood(transaction, code, user))) throw codeInvalid();
    if (code.state === "expired") throw new AuthError("code_expired", "The code has run out: ask for a new one");
    requireGoodPassword(core, input.newPassword, { field: "newPassword", person: account });
    await setPassword(transaction, account.id, encoded);
    await core.throttle.succeed(transaction, admission.counted);
    await forgetFailures(core, transaction, account);
    const { length: sessionsEnded } = await endSessions(transaction, {
      userId: account.id,
      reason: "password_changed",
    });
    const happened = { event: "password_reset", sessionsEnded } as const;
    await recordEvent(transaction, happened, { ...facts, actorId: null, subjectId: account.id });
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
