import { toNetwork } from "../../throttling/address.ts";
import type { Admission, Scope } from "../../throttling/throttle.ts";
import type { Account } from "../../users/user-store.ts";
import type { Core, RequestInfo } from "./core.ts";
import { refundOnFailure } from "./refund-on-failure.ts";

export interface OwnPasswordCheck {
  readonly matches: boolean;
  /** Whether the account has a password at all. */
  readonly isUsable: boolean;
  readonly admission: Admission;
}

/**
 * Checks the password of somebody who is signed in, after counting the attempt. Whoever holds a session is no stranger, and still may not
 * guess for long, whichever procedure they guess by.
 *
 * @throws AuthError `rate_limited`, `overloaded`
 */
export async function checkOwnPassword(
  core: Core,
  account: Account,
  password: string,
  facts: RequestInfo,
): Promise<OwnPasswordCheck> {
  const admission = await core.throttle.consume(scopesOf(account));
  const stored = admission.isLocked ? null : account.password;
  const verify = () => core.passwords.verify(password, stored, toNetwork(facts.address));
  const { matches, isUsable } = await refundOnFailure(core, admission, verify);
  return { matches, isUsable, admission };
}

function scopesOf({ id }: Account): Scope[] {
  return [
    { limit: "change_password", of: [id] },
    { limit: "account_known_devices", of: [id] },
  ];
}
