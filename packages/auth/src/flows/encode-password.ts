import { AuthError } from "../errors.ts";
import { checkPassword } from "../passwords/policy.ts";
import type { Core } from "./core.ts";

/** Whoever the password is for: what others know of them must not be it. */
export interface PasswordOwner {
  readonly username: string;
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
export async function encodePassword(
  core: Core,
  password: string,
  { field, person }: { field: string; person: PasswordOwner },
): Promise<string> {
  const { username, phoneNumber, email, firstName, lastName } = person;
  const rejection = checkPassword(password, {
    minLength: core.options.passwords.minimumLength,
    identifiers: [username, phoneNumber, email, firstName, lastName].map((identifier) => identifier ?? null),
  });
  if (rejection) {
    const issues = [{ path: [field], message: rejection.message }];
    throw new AuthError("password_rejected", rejection.message, { issues });
  }
  return core.passwords.hash(password);
}
