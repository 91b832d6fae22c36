import type { Identifier } from "../identifiers/identifier.ts";
import { readDeviceMark } from "../sessions/device-mark.ts";
import { toNetwork } from "../throttling/address.ts";
import type { Admission, Scope } from "../throttling/throttle.ts";
import type { Account } from "../users/user-store.ts";
import type { Core, RequestFacts } from "./core.ts";

export interface SignInAttempt {
  /** Null when nobody can be called what was typed. */
  readonly identifier: Identifier | null;
  readonly account: Account | null;
  readonly deviceMark: string | undefined;
  readonly facts: RequestFacts;
}

export interface SignInAdmission extends Admission {
  /** The device, when its owner has signed in with it before. */
  readonly deviceId: string | null;
}

/**
 * Counts a sign-in before its password is looked at. What a stranger is told to wait for depends on the name they type and on where
 * they are, never on whether somebody has that name. The count of the account itself is told to nobody: once it is closed, every
 * password is a wrong one.
 *
 * @throws AuthError `rate_limited`
 */
export async function admitSignIn(core: Core, attempt: SignInAttempt): Promise<SignInAdmission> {
  const deviceId = findKnownDevice(core, attempt);
  const scopes = deviceId === null ? scopesOfStranger(attempt) : scopesOfDevice(attempt, deviceId);
  return { ...(await core.throttle.admit(scopes)), deviceId };
}

function findKnownDevice(core: Core, { account, deviceMark }: SignInAttempt): string | null {
  return account && deviceMark !== undefined ? readDeviceMark(core.deviceKey, account.id, deviceMark) : null;
}

function scopesOfStranger({ identifier, account, facts }: SignInAttempt): Scope[] {
  const network = toNetwork(facts.address);
  const name = identifier?.value ?? "";
  return [
    { limit: "sign_in_name_and_address", of: [name, network] },
    { limit: "sign_in_address", of: [network] },
    { limit: "sign_in_name", of: [name] },
    account ? { limit: "account_strangers", of: [account.id] } : { limit: "nobody", of: [name] },
  ];
}

function scopesOfDevice({ account }: SignInAttempt, deviceId: string): Scope[] {
  const userId = account?.id ?? "";
  return [
    { limit: "sign_in_device", of: [userId, deviceId] },
    { limit: "account_known_devices", of: [userId] },
  ];
}
