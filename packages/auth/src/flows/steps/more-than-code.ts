import { AuthError } from "../../errors.ts";
import type { Core, Principal } from "./core.ts";
import { forbidWhileHeld } from "./forbid-while-held.ts";
import { readGateAccount } from "./gate.ts";
import { ownerMaxAge, type RecentAuthentication, requireRecently, waitOfCodes } from "./recent-authentication.ts";

/**
 * Asks for what adding and removing a factor needs, and what administration does to accounts, rights and keys: whoever finds a session open,
 * or got hold of a number, must not make an account theirs for good, nor others through it.
 *
 * @throws AuthError `reauthentication_required`; `permission_denied` for a session of less than three days whose owner has shown nothing but
 * a code that was sent, or a password that such a code has set, and while a reset of the password is held
 */
export async function requireMoreThanCode(
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
    "A code alone, or a password that it has set, does this only where you have been signed in for 72 hours: wait, or show a passkey from before",
  );
}
