import type { Identifier } from "../../identifiers/identifier.ts";
import { toNetwork } from "../../throttling/address.ts";
import type { LimitName } from "../../throttling/limits.ts";
import type { Scope } from "../../throttling/scope.ts";
import type { Admission } from "../../throttling/throttle.ts";
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
  /** The device, when its owner has signed in with it before, and guesses are left on it. */
  readonly deviceId: string | null;
}

/** Which devices pass by what strangers wait for. */
export interface PassingDevices {
  /** The id of a device of the account; null for every other, and for nobody's. */
  find(account: Account | null): Promise<string | null>;
  /** In what each of them is counted, and all of them together. */
  readonly limits: readonly [each: LimitName, all: LimitName];
}

/**
 * Counts a sign-in before its password is looked at. What a stranger is told to wait for depends on the name they type and on where
 * they are, never on whether somebody has that name. The count of the account itself is told to nobody: once it is closed, every
 * password is a wrong one. A device that has no guesses left is a stranger's.
 *
 * @param devices those that are known, unless said
 * @throws AuthError `rate_limited`
 */
export async function countSignIn(
  core: Core,
  attempt: SignInAttempt,
  devices: PassingDevices = knownDevices(core, attempt),
): Promise<SignInAdmission> {
  // The owner's devices pass by what strangers wait for.
  if (attempt.deviceMark === undefined) await core.throttle.refuseWaiting(scopesOfName(attempt));
  return core.signInLanes.run(toNetwork(attempt.facts.address), async () => {
    const account = await findNamedAccount(core.db, attempt.identifier, attempt.typed);
    const deviceId = await devices.find(account);
    if (account && deviceId !== null) {
      const admission = await core.throttle.consume(scopesOfDevice(devices, account, deviceId));
      if (!admission.isLocked) return { ...admission, account, deviceId };
    }
    return { ...(await core.throttle.consume(scopesOfStranger(attempt, account))), account, deviceId: null };
  });
}

function knownDevices(core: Core, { deviceMark }: SignInAttempt): PassingDevices {
  return {
    find: async (account) => findKnownDevice(core, account, deviceMark),
    limits: ["sign_in_device", "account_known_devices"],
  };
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

function scopesOfDevice({ limits: [each, all] }: PassingDevices, { id }: Account, deviceId: string): Scope[] {
  return [
    { limit: each, of: [id, deviceId] },
    { limit: all, of: [id] },
  ];
}
