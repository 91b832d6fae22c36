import { hmacSha256 } from "../secrets.ts";
import type { LimitName } from "./limits.ts";

/** What an attempt counts against: a limit, and for whom. */
export interface Scope {
  readonly limit: LimitName;
  /** Such as a name and a network; nothing of it may be missing, or all who miss it would be one. */
  readonly of: readonly [string, ...string[]];
}

/** A scope, and the hash by which its counter is kept. */
export interface KeyedScope extends Scope {
  readonly key: Buffer;
  /** The key as a text. */
  readonly name: string;
}

export function toKeyedScope(secret: Uint8Array, scope: Scope): KeyedScope {
  const key = hmacSha256(secret, JSON.stringify([groupOf(scope.limit), ...scope.of]));
  return { ...scope, key, name: toCounterName(key) };
}

/** The key of a counter as a text. */
export const toCounterName = (key: Buffer) => key.toString("latin1");

/** One count of an account, to which strangers, sessions and known devices are held differently. */
const sharedCounts: Partial<Record<LimitName, LimitName>> = {
  account_sessions: "account_strangers",
  account_known_devices: "account_strangers",
  second_factor_sessions: "second_factor_strangers",
  second_factor_known_devices: "second_factor_strangers",
  code_known_devices: "code_strangers",
};

const groupOf = (limit: LimitName): LimitName => sharedCounts[limit] ?? limit;
