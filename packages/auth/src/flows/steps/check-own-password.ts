import { toNetwork } from "../../throttling/address.ts";
import type { Scope } from "../../throttling/scope.ts";
import type { Admission } from "../../throttling/throttle.ts";
import type { Account } from "../../users/user-store.ts";
import type { Core, Principal, RequestInfo } from "./core.ts";
import { refundOnFailure } from "./refund-on-failure.ts";

export interface OwnPasswordCheck {
  readonly matches: boolean;
  /** Whether the account has a password at all. */
  readonly isUsable: boolean;
  readonly admission: Admission;
}

export interface OwnPassword {
  readonly account: Account;
  /** In which it is shown. */
  readonly session: Principal["session"];
  readonly password: string;
  readonly facts: RequestInfo;
}

/**
 * Checks the password of somebody who is signed in, after counting the attempt. Whoever holds a session is no stranger, and still may not
 * guess for long, whichever procedure they guess by: neither one session nor all of them use up what is left for a sign-in.
 *
 * @throws AuthError `rate_limited`, `overloaded`
 */
export async function checkOwnPassword(
  core: Core,
  { account, session, password, facts }: OwnPassword,
): Promise<OwnPasswordCheck> {
  const admission = await core.throttle.consume(scopesOf(account, session));
  const stored = admission.isLocked ? null : account.password;
  const verify = () => core.passwords.verify(password, stored, toNetwork(facts.address));
  const { matches, isUsable } = await refundOnFailure(core, admission, verify);
  return { matches, isUsable, admission };
}

/** The message of a refusal: once a limit is closed the right password is refused as well. */
export function describeWrong({ isLocked }: Admission, otherwise: string): string {
  return isLocked ? "There were too many wrong passwords: sign in again, or set a new one with a code" : otherwise;
}

function scopesOf({ id }: Account, session: Principal["session"]): Scope[] {
  return [
    { limit: "change_password", of: [session.id] },
    { limit: "account_sessions", of: [id] },
  ];
}
