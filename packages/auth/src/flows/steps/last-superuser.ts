import { AuthError } from "../../errors.ts";
import type { User } from "../../users/user.ts";

/** Whether an installation would have no superuser without this one: it could only be repaired on the command line. */
export function isLastSuperuser(superusers: readonly string[], { id, isSuperuser }: Pick<User, "id" | "isSuperuser">) {
  return isSuperuser && !superusers.some((other) => other !== id);
}

export function lastSuperuser(): AuthError {
  return new AuthError("permission_denied", "The last active superuser can be neither removed nor demoted");
}
