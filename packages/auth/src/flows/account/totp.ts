import { recordEvent } from "../../audit/audit-log.ts";
import { AuthError } from "../../errors.ts";
import {
  consumeSecondFactorTicket,
  countTicketAttempt,
  insertSecondFactorTicket,
  secondFactorTicketLifetime,
} from "../../second-factors/second-factor-ticket-store.ts";
import type { SharedSecret } from "../../second-factors/totp.ts";
import { describeTotp } from "../../second-factors/totp-store.ts";
import { raiseAuthentication } from "../../sessions/session-store.ts";
import { withFactor } from "../steps/authentication-methods.ts";
import type { Core, Principal, RequestInfo } from "../steps/core.ts";
import { endOtherSessions, enrollTotp, takeTotp } from "../steps/enroll-totp.ts";
import { forbidTestAccount } from "../steps/forbid-test-account.ts";
import { forbidWhileHeld } from "../steps/forbid-while-held.ts";
import { readGateAccount } from "../steps/gate.ts";
import { keepNotice } from "../steps/keep-notice.ts";
import { lockOwnAccount, lockOwner } from "../steps/lock-owner.ts";
import { type FactorEnrolled, makeMissingCodes } from "../steps/make-recovery-codes.ts";
import { requireMoreThanCode } from "../steps/more-than-code.ts";
import { ownerMaxAge } from "../steps/recent-authentication.ts";
import { sessionEnded } from "../steps/session-ended.ts";
import { createSealedSecret, findStepOf, showSecret, ticketRefused, totpRefused } from "../steps/use-totp.ts";

/** What a person sees of their authenticator app. */
export interface OwnTotp {
  /** When it was enrolled; null for somebody who has none. */
  readonly since: Date | null;
  readonly lastUsedAt: Date | null;
  /** Whether the account has to have a second factor. */
  readonly isRequired: boolean;
}

/** Tells whether the caller has an authenticator app. */
export async function getTotp(core: Core, { user }: Principal): Promise<OwnTotp> {
  const [found, account] = [await describeTotp(core.db, user.id), await readGateAccount(core, core.db, user.id)];
  const isRequired = account?.factors.isRequired ?? false;
  return { since: found?.createdAt ?? null, lastUsedAt: found?.lastUsedAt ?? null, isRequired };
}

/** A secret that waits to be confirmed by what the app shows. */
export interface StartedTotp extends SharedSecret {
  /** For `confirmTotp`. */
  readonly ticket: string;
  readonly expiresAt: Date;
}

/**
 * Makes a secret for the caller's authenticator app. Nothing changes until it is confirmed; then it takes the place of any before.
 *
 * @throws AuthError `reauthentication_required`; `permission_denied` where second factors are off, for the account of a test number, and
 * for a session of less than three days whose owner has shown nothing but a code that was sent; `session_ended`
 */
export async function startTotp(core: Core, caller: Principal, _facts: RequestInfo): Promise<StartedTotp> {
  const { user, session } = caller;
  if (core.options.secondFactor === "off") throw new AuthError("permission_denied", "Second factors are not used here");
  await requireMoreThanCode(core, caller);
  await forbidTestAccount(core.db, user.id);
  const sealedSecret = createSealedSecret(core, user.id);
  const waiting = { userId: user.id, purpose: "enroll" as const, evidence: [], sessionId: session.id, sealedSecret };
  const started = await core.db.transaction().execute(async (transaction) => {
    await lockOwner(transaction, caller);
    return insertSecondFactorTicket(transaction, waiting);
  });
  return { ...started, ...(await showSecret(core, core.db, user.id, sealedSecret)) };
}

export interface ConfirmTotpInput {
  readonly ticket: string;
  /** What the app shows. */
  readonly totp: string;
}

/**
 * Makes the app the caller's second factor, asked for at every sign-in from now on, and ends their other sessions. Who has no recovery codes
 * gets them with the answer.
 *
 * @throws AuthError `code_invalid`, `reauthentication_required`, `session_ended`
 */
export async function confirmTotp(
  core: Core,
  caller: Principal,
  { ticket, totp }: ConfirmTotpInput,
  facts: RequestInfo,
): Promise<FactorEnrolled> {
  const { user, session } = caller;
  const { isByCodeAlone } = await requireMoreThanCode(core, caller, ownerMaxAge + secondFactorTicketLifetime);
  const found = await countTicketAttempt(core.db, ticket);
  if (found?.purpose !== "enroll" || found.sessionId !== session.id || !found.sealedSecret) throw ticketRefused();
  const { sealedSecret } = found;
  return core.db.transaction().execute(async (transaction) => {
    const account = await lockOwnAccount(core, transaction, caller);
    forbidWhileHeld(account);
    const step = findStepOf(core, { userId: user.id, sealed: sealedSecret, typed: totp, now: account.now });
    if (step === null) throw totpRefused();
    if (!(await consumeSecondFactorTicket(transaction, found))) throw ticketRefused();
    await enrollTotp(core, transaction, { userId: user.id, sealedSecret, step, keep: session.id, facts });
    if (!(await raiseAuthentication(transaction, session.id, withFactor(session, "totp")))) throw sessionEnded();
    const missing = { account, sessionId: session.id, isByCodeAlone, facts };
    return { recoveryCodes: await makeMissingCodes(core, transaction, missing) };
  });
}

/**
 * Takes the caller's authenticator app away, and ends their other sessions.
 *
 * @throws AuthError `reauthentication_required`, `session_ended`; `not_found` for somebody who has none; `permission_denied` where the account has to have one
 */
export async function removeTotp(core: Core, caller: Principal, facts: RequestInfo): Promise<void> {
  const { user, session } = caller;
  await requireMoreThanCode(core, caller);
  await core.db.transaction().execute(async (transaction) => {
    const account = await lockOwnAccount(core, transaction, caller);
    forbidWhileHeld(account);
    if (account.factors.isRequired && !account.factors.hasPasskey)
      throw new AuthError("permission_denied", "This account needs a second factor: set up another in its place");
    if (!(await takeTotp(transaction, user.id))) throw new AuthError("not_found", "There is no authenticator app");
    const sessionsEnded = await endOtherSessions(core, transaction, { userId: user.id, keep: session.id, facts });
    const about = { ...facts, actorId: user.id, subjectId: user.id };
    await recordEvent(transaction, { event: "second_factor_removed", method: "totp", sessionsEnded }, about);
    await keepNotice(core, transaction, { userId: user.id, kind: "second_factor_changed", facts });
  });
}
