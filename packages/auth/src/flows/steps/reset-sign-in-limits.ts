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
 * locked. Call it last, since it holds the counters.
 */
export async function resetSignInLimits(core: Core, transaction: Queries, user: User): Promise<void> {
  await core.throttle.settle(transaction, [], signInScopesOf(core, user));
}

/**
 * The same but for what strangers are told: waits at its names stay, so that nobody sees by several that end at once whose they are.
 * `succeeded` is what the attempt that does so was counted in.
 */
export async function resetAccountLimits(
  core: Core,
  transaction: Queries,
  { id }: Pick<User, "id">,
  succeeded: readonly Scope[] = [],
): Promise<void> {
  await core.throttle.settle(transaction, succeeded, accountScopesOf(core, id));
}

/** In what sign-ins that failed are counted for an account, by whatever name. */
export function signInScopesOf(core: Core, user: User): readonly Scope[] {
  return [...nameScopesOf(core, user), ...accountScopesOf(core, user.id)];
}

/** What strangers wait for at each name of an account. */
export function nameScopesOf(core: Core, user: Pick<User, "username" | "phoneNumber" | "email">): readonly Scope[] {
  const names = [user.username, user.phoneNumber, user.email].filter((name) => name !== null);
  const identifiers = names.map((name) => parseIdentifier(name, core.options.phones)).filter((found) => found !== null);
  return identifiers.map(({ value }) => waitAt(value));
}

/** What strangers wait for at one name, in its canonical form. */
export const waitAt = (name: string): Scope => ({ limit: "sign_in_name", of: [name] });

function accountScopesOf(core: Core, id: string): Scope[] {
  const ofCodes: readonly Scope[] = core.options.codes.hasLastGuess ? [{ limit: "code_strangers", of: [id] }] : [];
  return [{ limit: "account_strangers", of: [id] }, ...totpScopes(id), ...ofCodes];
}
