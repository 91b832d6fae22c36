import { AuthError } from "../../errors.ts";
import type { Core, Principal } from "./core.ts";
import { forbidWhileHeld } from "./forbid-while-held.ts";
import { type GateAccount, readGateAccount } from "./gate.ts";
import { ownerMaxAge, type RecentAuthentication, requireRecently, waitOfCodes } from "./recent-authentication.ts";

/**
 * Asks for what adding and removing a factor needs: whoever finds a session open, or got hold of a number, must not make the account theirs
 * for good.
 *
 * @throws AuthError `reauthentication_required`; `permission_denied` for a session of less than three days whose owner has shown nothing but
 * a code that was sent, and while a reset of the password is held
 */
export async function requireToChangeFactors(
  core: Core,
  caller: Principal,
  maxAge = ownerMaxAge,
): Promise<RecentAuthentication> {
  const recent = await requireRecently(core, caller, maxAge);
  const account = await readGateAccount(core, core.db, caller.user.id);
  if (account) forbidWhileHeld(account);
  if (!recent.isByCodeAlone) return recent;
  const age = ((account?.now ?? new Date(0)).getTime() - caller.session.createdAt.getTime()) / 1000;
  if (age >= waitOfCodes) return recent;
  throw new AuthError(
    "permission_denied",
    "A code alone changes this only where you have been signed in for three days",
  );
}

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
