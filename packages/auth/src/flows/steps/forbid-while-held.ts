import { AuthError } from "../../errors.ts";
import type { GateAccount } from "./gate.ts";

/**
 * Refuses what would make an account another person's and cannot wait, such as another second factor, while a reset of its password is held.
 *
 * @throws AuthError `permission_denied`
 */
export function forbidWhileHeld({ heldSeconds }: Pick<GateAccount, "heldSeconds">): void {
  if (heldSeconds === null) return;
  const message =
    "The reset of the password is held: a recovery code or an administrator's code sets a new one, and ends that";
  throw new AuthError("permission_denied", message);
}
