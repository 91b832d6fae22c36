import { parseIdentifier } from "../../identifiers/identifier.ts";
import type { Queries } from "../../storage/database.ts";
import type { Scope } from "../../throttling/scope.ts";
import type { User } from "../../users/user.ts";
import type { Core } from "./core.ts";

const totpScopes = (id: string): Scope[] => [
  { limit: "second_factor_strangers", of: [id] },
  { limit: "second_factor_account", of: [id] },
];

/** Forgets the wrong one-time passwords of an account whose second factor was taken away. Call it last, since it holds the counters. */
export async function resetTotpLimits(core: Core, transaction: Queries, id: string): Promise<void> {
  await core.throttle.settle(transaction, [], totpScopes(id));
}

/**
 * Forgets, inside the caller's transaction, every sign-in that failed for an account, by whatever name: nobody is slowed, and it is not
 * locked. `succeeded` is what the attempt that does so was counted in. Call it last, since it holds the counters.
 */
export async function resetSignInLimits(
  core: Core,
  transaction: Queries,
  user: User,
  succeeded: readonly Scope[] = [],
): Promise<void> {
  await core.throttle.settle(transaction, succeeded, signInScopesOf(core, user));
}

/** In what sign-ins that failed are counted for an account, by whatever name. */
export function signInScopesOf(core: Core, { id, ...user }: User): readonly Scope[] {
  const names = [user.username, user.phoneNumber, user.email].filter((name) => name !== null);
  const identifiers = names.map((name) => parseIdentifier(name, core.options.phones)).filter((found) => found !== null);
  const byName = identifiers.map(({ value }): Scope => ({ limit: "sign_in_name", of: [value] }));
  const ofCodes: readonly Scope[] = core.options.codes.hasLastGuess ? [{ limit: "code_strangers", of: [id] }] : [];
  return [...byName, { limit: "account_strangers", of: [id] }, ...totpScopes(id), ...ofCodes];
}
