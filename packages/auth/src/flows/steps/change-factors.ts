import { AuthError } from "../../errors.ts";
import type { GateAccount } from "./gate.ts";

/**
 * Whether an account goes on without a passkey.
 *
 * @throws AuthError `permission_denied` where that was its last way in, or the second factor that it needs
 */
export function requireWayInWithoutPasskeys({ state, factors }: Pick<GateAccount, "state" | "factors">): void {
  if (factors.isRequired && !factors.hasTotp)
    throw new AuthError("permission_denied", "This account needs a second factor: set up another before");
  if (state.hasPassword) return;
  const isProved = [state.phone, state.email].some((trust) => trust === "trusted" || trust === "stale");
  if (!state.isHolderOfRights && (isProved || state.hasRecoveryCodes)) return;
  throw new AuthError(
    "permission_denied",
    "It is the last way into the account: set a password, or add another before",
  );
}
