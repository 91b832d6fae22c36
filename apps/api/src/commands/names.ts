import type { User } from "@latchkey/auth";

/** By what somebody signs in: their username, phone number and e-mail address, as many of them as there are. */
export function listNames({
  username,
  phoneNumber,
  email,
}: Pick<User, "username" | "phoneNumber" | "email">): string[] {
  return [username, phoneNumber, email].filter((name) => name !== null);
}
