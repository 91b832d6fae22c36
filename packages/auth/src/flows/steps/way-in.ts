import type { Account } from "../../users/user-store.ts";
import { type Evidence, mayOpen, type Opening, type Purpose } from "../../ways-in/may-open.ts";

/** What is known of an account where no code of a number or an address is shown. */
export interface PasswordState {
  readonly account: Account;
  readonly hasPassword: boolean;
  /** Whether a second factor is to be shown besides. */
  readonly hasSecondFactor?: boolean;
  readonly isPasswordChangeDue?: boolean;
}

/**
 * What a password, or an administrator's code, opens. Of what these do not depend on, the strictest is assumed: rights, and names that
 * no code was sent to.
 */
export function openingOf(
  { account, hasPassword, hasSecondFactor = false, isPasswordChangeDue = false }: PasswordState,
  evidence: readonly Evidence[],
  purpose: Purpose,
): Opening {
  const unknown = { isParked: false, isHolderOfRights: true, hasPasskey: false, hasRecoveryCodes: false } as const;
  const state = { ...unknown, isActive: account.isActive, hasPassword, hasSecondFactor, isPasswordChangeDue } as const;
  return mayOpen({
    account: { ...state, phone: "none", email: "none" },
    evidence: new Set(evidence),
    purpose,
    rules: { signInByCode: "off", holdersByCode: false, holdersByOldToken: false },
  }).opens;
}
