import type { Identifier } from "../../identifiers/identifier.ts";
import { toNetwork } from "../../throttling/address.ts";
import type { Admission, Scope } from "../../throttling/throttle.ts";
import type { Account } from "../../users/user-store.ts";
import type { Core, RequestInfo } from "../steps/core.ts";
import { toCountedName } from "../steps/counted-name.ts";
import { findNamedAccount } from "../steps/find-named.ts";
import { findKnownDevice } from "../steps/known-device.ts";

export interface SignInAttempt {
  /** What was typed as a name. */
  readonly typed: string;
  /** Null when nobody can be called what was typed. */
  readonly identifier: Identifier | null;
  readonly deviceMark: string | undefined;
  readonly facts: RequestInfo;
}

export interface SignInAdmission extends Admission {
  readonly account: Account | null;
  /** The device, when its owner has signed in with it before. */
  readonly deviceId: string | null;
}

type FindDevice = (account: Account | null) => Promise<string | null>;

/**
 * Counts a sign-in before its password is looked at. What a stranger is told to wait for depends on the name they type and on where
 * they are, never on whether somebody has that name. The count of the account itself is told to nobody: once it is closed, every
 * password is a wrong one.
 *
 * @param findDevice the id of a device of the account; null for every other, and for nobody's
 * @throws AuthError `rate_limited`
 */
export async function countSignIn(
  core: Core,
  attempt: SignInAttempt,
  findDevice: FindDevice = async (account) => findKnownDevice(core, account, attempt.deviceMark),
): Promise<SignInAdmission> {
  // The owner's devices pass by what strangers wait for.
  if (attempt.deviceMark === undefined) await core.throttle.refuseWaiting(scopesOfName(attempt));
  return core.signInLanes.run(toNetwork(attempt.facts.address), async () => {
    const account = await findNamedAccount(core.db, attempt.identifier, attempt.typed);
    const deviceId = await findDevice(account);
    const scopes =
      account && deviceId !== null ? scopesOfDevice(account, deviceId) : scopesOfStranger(attempt, account);
    return { ...(await core.throttle.consume(scopes)), account, deviceId };
  });
}

/** What strangers wait for, known before anybody has looked whether somebody has the name. */
function scopesOfName({ identifier, typed, facts }: SignInAttempt): Scope[] {
  const name = toCountedName(identifier, typed);
  const ofName: Scope = { limit: "sign_in_name", of: [name] };
  const network = toNetwork(facts.address);
  if (network === null) return [ofName];
  return [
    { limit: "sign_in_name_and_address", of: [name, network] },
    { limit: "sign_in_address", of: [network] },
    ofName,
  ];
}

function scopesOfStranger(attempt: SignInAttempt, account: Account | null): Scope[] {
  const ofAccount: Scope = account
    ? { limit: "account_strangers", of: [account.id] }
    : { limit: "nobody", of: [toCountedName(attempt.identifier, attempt.typed)] };
  return [...scopesOfName(attempt), ofAccount];
}

function scopesOfDevice({ id }: Account, deviceId: string): Scope[] {
  return [
    { limit: "sign_in_device", of: [id, deviceId] },
    { limit: "account_known_devices", of: [id] },
  ];
}
