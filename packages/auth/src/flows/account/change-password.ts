import { recordEvent } from "../../audit/audit-log.ts";
import { endChallenges } from "../../challenges/challenge-store.ts";
import { AuthError } from "../../errors.ts";
import { withdrawCode } from "../../one-time-codes/code-store.ts";
import type { Queries } from "../../storage/database.ts";
import { toNetwork } from "../../throttling/address.ts";
import type { Admission } from "../../throttling/throttle.ts";
import { type Account, findAccountById, replacePassword } from "../../users/user-store.ts";
import { toAuthentication } from "../steps/authentication-methods.ts";
import { checkOwnPassword, describeWrong } from "../steps/check-own-password.ts";
import type { Core, Principal, RequestInfo } from "../steps/core.ts";
import { requireGoodPassword } from "../steps/encode-password.ts";
import { readGateAccount } from "../steps/gate.ts";
import { issueSessionTokens, type TokenResponse } from "../steps/issue-session-tokens.ts";
import { keepNotice } from "../steps/keep-notice.ts";
import { lockOwner } from "../steps/lock-owner.ts";
import { passwordUnchanged } from "../steps/new-password.ts";
import { noticeFailures } from "../steps/notice-failures.ts";
import { openSession } from "../steps/open-session.ts";
import { requireFactorsShown } from "../steps/recent-authentication.ts";
import { recordExhausted } from "../steps/record-exhausted.ts";
import { refundOnFailure, unlessUndone } from "../steps/refund-on-failure.ts";
import { reissueRefreshToken } from "../steps/reissue-refresh-token.ts";
import { revokeAccess } from "../steps/revoke-access.ts";
import { tellHook } from "../steps/tell-hooks.ts";

export interface ChangePasswordInput {
  readonly currentPassword: string;
  readonly newPassword: string;
}

/**
 * Gives a person a new password, ends every other session of theirs, and gives the present one a new pair of tokens. Its refresh
 * token is drawn anew, so that one that was stolen before does not lead to it. A session that a token of another system opened is
 * replaced by a new one.
 *
 * @throws AuthError `invalid_credentials`, `password_rejected`, `rate_limited`, `overloaded`, `session_ended`,
 * `reauthentication_required` on a remembered device, `refused_by_hook`, `hook_failed`
 */
export async function changePassword(
  core: Core,
  caller: Principal,
  { currentPassword, newPassword }: ChangePasswordInput,
  facts: RequestInfo,
): Promise<TokenResponse> {
  const { user, session } = caller;
  const network = toNetwork(facts.address);
  core.passwords.assertCapacity(network);
  const account = await findAccountById(core.db, user.id);
  if (!account) throw wrongPassword();
  await requireFactorsShown(core, caller);
  await requireGoodPassword(core, newPassword, { field: "newPassword", person: account });
  const { matches, admission } = await checkOwnPassword(core, { account, session, password: currentPassword, facts });
  if (!matches) return refuse(core, { account, admission, facts });
  const isSame = newPassword.normalize() === currentPassword.normalize();
  if (isSame) await refundOnFailure(core, admission, () => requireNotDue(core, account));
  const nextHash = await refundOnFailure(core, admission, () => core.passwords.hash(newPassword, network));
  const change = { caller, account, nextHash, admission, facts };
  const movedOn = await unlessUndone(core, admission, () =>
    core.db.transaction().execute((transaction) => replace(core, transaction, change)),
  );
  return issueSessionTokens(core, movedOn);
}

interface PasswordChange {
  readonly caller: Principal;
  readonly account: Account;
  readonly nextHash: string;
  readonly admission: Admission;
  readonly facts: RequestInfo;
}

/** Replaces the password whose hash was read, and answers the session that goes on with what belongs to its next tokens. */
async function replace(core: Core, transaction: Queries, change: PasswordChange) {
  const { caller, account, nextHash, admission, facts } = change;
  const { id: userId } = caller.user;
  if (!(await replacePassword(transaction, { id: userId, verifiedHash: account.password, nextHash }))) {
    throw wrongPassword();
  }
  await lockOwner(transaction, caller);
  await withdrawCode(transaction, { userId, purpose: "set_password" });
  await endChallenges(transaction, userId);
  const sessionsEnded = await revokeAccess(core, transaction, {
    userId,
    // The present session too where another system's token opened it: that token would go on.
    keep: caller.session.adoptedFrom === null ? caller.session.id : undefined,
    reason: "password_changed",
    changesEnd: "new_password",
    facts,
  });
  const happened = { event: "password_changed", sessionsEnded } as const;
  await recordEvent(transaction, happened, { ...facts, actorId: userId, subjectId: userId });
  await keepNotice(core, transaction, { userId, kind: "password_changed", facts });
  const movedOn = await moveOn(core, transaction, caller, facts);
  await tellHook(core, transaction, "passwordChanged", { user: movedOn.user, by: "owner", request: facts });
  await core.throttle.settle(transaction, admission.counted);
  return movedOn;
}

/** The present session with a refresh token to which none of before leads, or a new one in the place of another system's. */
function moveOn(core: Core, transaction: Queries, { user, session }: Principal, facts: RequestInfo) {
  if (session.adoptedFrom === null) {
    return reissueRefreshToken(core, transaction, { sessionId: session.id, facts, isRepaired: false });
  }
  const authentication = toAuthentication(["password"]);
  return openSession(core, transaction, { user, facts, by: "password", authentication });
}

/**
 * Whoever is in by a passkey does not make a password good again that has to be replaced.
 *
 * @throws AuthError `password_rejected`
 */
async function requireNotDue(core: Core, { id }: Account): Promise<void> {
  if ((await readGateAccount(core, core.db, id))?.state.isPasswordChangeDue) throw passwordUnchanged();
}

interface Refusal {
  readonly account: Account;
  readonly admission: Admission;
  readonly facts: RequestInfo;
}

async function refuse(core: Core, { account, admission, facts }: Refusal): Promise<never> {
  const about = { ...facts, actorId: account.id, subjectId: account.id };
  await core.db.transaction().execute(async (transaction) => {
    await recordEvent(transaction, { event: "password_change_refused" }, about);
    await recordExhausted(transaction, admission, about);
    await noticeFailures(core, transaction, account);
  });
  throw wrongPassword(describeWrong(admission, currentIsWrong));
}

const currentIsWrong = "The current password is not right";

function wrongPassword(message = currentIsWrong): AuthError {
  return new AuthError("invalid_credentials", message, {
    issues: [{ path: ["currentPassword"], code: "incorrect", message: "is not right" }],
  });
}
