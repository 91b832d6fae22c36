import { recordEvent } from "../../audit/audit-log.ts";
import { AuthError } from "../../errors.ts";
import { isUnusablePassword } from "../../passwords/unusable-password.ts";
import { findAccountById, requireNewPassword } from "../../users/user-store.ts";
import { type Actor, type Administrator, changeWithAuthority } from "../steps/authority.ts";
import type { Core } from "../steps/core.ts";
import { revokeAccess } from "../steps/revoke-access.ts";

/**
 * Has a user replace their password at the next sign-in, before anything else, and ends their sessions: for a password that others may know.
 * Answers how many sessions.
 *
 * @throws AuthError `not_found`, `permission_denied` for one that stands above, `invalid_input` for an account without a password
 */
export function requirePasswordChange(core: Core, admin: Administrator, id: string): Promise<number> {
  return requirePasswordChangeAs(core, admin, id);
}

/** The same for the operator, who asks nobody. */
export async function requirePasswordChangeAs(core: Core, { user: actor, facts }: Actor, id: string): Promise<number> {
  return changeWithAuthority(core, actor, id, async (transaction, { id: userId }) => {
    const account = await findAccountById(transaction, userId);
    if (!account || isUnusablePassword(account.password)) throw withoutPassword();
    await requireNewPassword(transaction, userId);
    const out = { userId, reason: "ended_by_administrator", actorId: actor?.id, facts } as const;
    const sessionsEnded = await revokeAccess(core, transaction, out);
    const about = { ...facts, actorId: actor?.id ?? null, subjectId: userId };
    await recordEvent(transaction, { event: "password_change_required", sessionsEnded }, about);
    return sessionsEnded;
  });
}

function withoutPassword(): AuthError {
  const message = "has no password that could be replaced";
  return new AuthError("invalid_input", `The account ${message}`, {
    issues: [{ path: ["id"], code: "invalid_value", message }],
  });
}
