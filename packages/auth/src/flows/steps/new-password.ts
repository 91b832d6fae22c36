import { recordEvent } from "../../audit/audit-log.ts";
import { AuthError, type PasswordChangeRequest, type SecondFactorRequest } from "../../errors.ts";
import type { StoredSecondFactorTicket } from "../../second-factors/second-factor-ticket-store.ts";
import type { Queries } from "../../storage/database.ts";
import type { Core, RequestInfo } from "./core.ts";
import { askForSecondFactor, type HalfSignIn, keepHalfSignIn, secondFactorRequired } from "./second-factor.ts";
import { tellPasswordReset } from "./tell-hooks.ts";

/** A way in of which all is shown but a new password. */
interface NewPasswordAsked {
  readonly newPassword: PasswordChangeRequest;
}

/** What a way in is asked for besides. */
export type MoreAsked = NewPasswordAsked | SecondFactorRequest;

export interface LackingSignIn extends HalfSignIn {
  readonly lacks: "new_password" | "second_factor";
}

/**
 * Keeps what was shown behind a ticket, in the caller's transaction, which has to be committed. There is no session and no token until what
 * is lacking is shown: throw {@link halfSignInRefused} of the answer afterwards.
 */
export function askForMore(
  core: Pick<Core, "options">,
  transaction: Queries,
  { lacks, ...half }: LackingSignIn,
): Promise<MoreAsked> {
  return lacks === "new_password" ? askForNewPassword(transaction, half) : askForSecondFactor(core, transaction, half);
}

async function askForNewPassword(transaction: Queries, half: HalfSignIn): Promise<NewPasswordAsked> {
  const { account, purpose, facts } = half;
  const { ticket, expiresAt } = await keepHalfSignIn(transaction, half);
  const about = { ...facts, actorId: null, subjectId: account.id };
  await recordEvent(transaction, { event: "password_change_asked", purpose }, about);
  return { newPassword: { ticket, ticketExpiresAt: expiresAt } };
}

/** What a way in is refused with that asks for more. */
export function halfSignInRefused(asked: MoreAsked): AuthError {
  if ("methods" in asked) return secondFactorRequired(asked);
  const message = "This password has to be replaced before anything else";
  return new AuthError("password_change_required", message, { passwordChange: asked.newPassword });
}

/** What a password is replaced by at sign-in: the one before, or a code that was sent. */
export function shownFor(evidence: readonly string[]): "password" | "phone" | "email" {
  if (evidence.includes("password")) return "password";
  return evidence.includes("phone_code") ? "phone" : "email";
}

/** Tells the hook, afterwards, of a password that was replaced with a ticket. */
export async function tellPasswordReplaced(
  core: Core,
  { userId, evidence }: Pick<StoredSecondFactorTicket, "userId" | "evidence">,
  request: RequestInfo,
): Promise<void> {
  const by = shownFor(evidence) === "password" ? "owner" : "code";
  await tellPasswordReset(core, userId, { by, request });
}

/** The refusal of the same password once more where it has to be replaced. */
export function passwordUnchanged(): AuthError {
  const message = "is the password that has to be replaced";
  return new AuthError("password_rejected", `The new password ${message}`, {
    issues: [{ path: ["newPassword"], code: "unchanged", message }],
  });
}
