import { type ConsentSource, insertConsent } from "../../consents/consent-store.ts";
import { AuthError } from "../../errors.ts";
import type { Queries } from "../../storage/database.ts";
import type { Core, RequestInfo } from "./core.ts";

/** A user whose consent may be another one now. */
export interface ChangedConsent {
  readonly userId: string;
  readonly before: boolean;
  readonly after: boolean;
  readonly source: ConsentSource;
  readonly facts: RequestInfo;
}

/** Notes what somebody decided about themselves: whether they agree to be in touch. Saying the same once more is no decision. */
export async function noteOwnConsent(core: Core, transaction: Queries, changed: ChangedConsent): Promise<void> {
  const { userId, before, after, source, facts } = changed;
  if (before === after) return;
  await insertConsent(transaction, {
    ...{ userId, before, source, purpose: "contact", isGiven: after, decidedBy: "owner", actorId: null },
    textVersion: core.options.consentTextVersion ?? null,
    address: facts.address,
  });
}

/** Notes that an administrator, or the operator, withdrew what somebody had agreed to. */
export async function noteWithdrawal(
  transaction: Queries,
  { userId, actorId, before, after }: Pick<ChangedConsent, "userId" | "before" | "after"> & { actorId: string | null },
): Promise<void> {
  if (before === after) return;
  await insertConsent(transaction, {
    ...{ userId, before, purpose: "contact", isGiven: after, decidedBy: "administrator", actorId },
    source: actorId === null ? "command_line" : "administration",
    ...{ textVersion: null, address: null },
  });
}

/**
 * Nobody agrees in the name of another.
 *
 * @throws AuthError `invalid_input`
 */
export function forbidConsentForOthers(before: boolean, after: boolean | undefined): void {
  if (after !== true || before) return;
  const message = "only the person can agree to that; others can withdraw it";
  throw new AuthError("invalid_input", "The input is not valid", {
    issues: [{ path: ["isApprovedToBeInTouch"], code: "invalid_value", message }],
  });
}
