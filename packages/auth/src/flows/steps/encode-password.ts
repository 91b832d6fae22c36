import { AuthError } from "../../errors.ts";
import { checkPassword } from "../../passwords/policy.ts";
import type { Core } from "./core.ts";

/** The person whom the password is for: what others know of them must not be it. */
export interface PasswordOwner {
  readonly username?: string | null | undefined;
  readonly phoneNumber?: string | null | undefined;
  readonly email?: string | null | undefined;
  readonly firstName?: string | undefined;
  readonly lastName?: string | undefined;
}

/**
 * Checks a new password against the policy and encodes it for storage.
 *
 * @throws AuthError `password_rejected`, which names `field` and says why; `overloaded`
 */
export async function encodePassword(core: Core, password: string, about: NewPassword): Promise<string> {
  await requireGoodPassword(core, password, about);
  return core.passwords.hash(password);
}

export interface NewPassword {
  /** The input's name for it. */
  readonly field: string;
  readonly person: PasswordOwner;
}

/** @throws AuthError `password_rejected` */
export async function requireGoodPassword(core: Core, password: string, { field, person }: NewPassword): Promise<void> {
  const { username, phoneNumber, email, firstName, lastName } = person;
  const rejection = await checkPassword(password, {
    minLength: core.options.passwords.minimumLength,
    serviceNames: core.options.passwords.blockedWords,
    identifiers: [username, phoneNumber, email, firstName, lastName].map((identifier) => identifier ?? null),
  });
  if (!rejection) return;
  const issues = [{ path: [field], code: rejection.reason, message: rejection.message }];
  throw new AuthError("password_rejected", rejection.message, { issues });
}
