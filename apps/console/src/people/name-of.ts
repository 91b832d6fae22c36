import type { User } from "@latchkey/client";

type Named = Pick<User, "id" | "username" | "phoneNumber" | "email" | "firstName" | "lastName">;

/** What somebody is called: their own name, or what they sign in with. */
export function nameOf({ id, username, phoneNumber, email, firstName, lastName }: Named): string {
  const own = [firstName, lastName].filter(Boolean).join(" ");
  return own || username || phoneNumber || email || id;
}
