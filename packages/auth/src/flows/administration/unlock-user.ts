import { recordEvent } from "../../audit/audit-log.ts";
import { AuthError } from "../../errors.ts";
import { type Actor, changeWithAuthority } from "../steps/authority.ts";
import type { Core } from "../steps/core.ts";
import { resetSignInLimits } from "../steps/reset-sign-in-limits.ts";

/**
 * Lets a user sign in again whose account was locked, or slowed, by guesses.
 *
 * @throws AuthError `not_found`, `permission_denied` when the account stands above, and for one's own: whoever finds an
 * administrator's session open must not guess at the password without end
 */
export async function unlockUser(core: Core, { user: actor, facts }: Actor, id: string): Promise<void> {
  await changeWithAuthority(core, actor, id, async (transaction, target) => {
    if (target.id === actor?.id) throw new AuthError("permission_denied", "Another administrator unlocks your account");
    const about = { ...facts, actorId: actor?.id ?? null, subjectId: target.id };
    await recordEvent(transaction, { event: "account_unlocked" }, about);
    await resetSignInLimits(core, transaction, target);
  });
}
