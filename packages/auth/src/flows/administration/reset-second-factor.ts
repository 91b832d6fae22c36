import { recordEvent } from "../../audit/audit-log.ts";
import { AuthError } from "../../errors.ts";
import { deleteRecoveryCodes } from "../../one-time-codes/recovery-code-store.ts";
import { forgetFormerPassword } from "../../passwords/former-password-store.ts";
import { createUnusablePassword } from "../../passwords/unusable-password.ts";
import type { Queries } from "../../storage/database.ts";
import { updatePassword } from "../../users/user-store.ts";
import { type Actor, type Administrator, changeWithAuthority } from "../steps/authority.ts";
import type { Core } from "../steps/core.ts";
import { endOtherSessions, removeAllFactors } from "../steps/enroll-totp.ts";
import { readGateAccount } from "../steps/gate.ts";
import { keepNotice } from "../steps/keep-notice.ts";
import { requireMoreThanCode } from "../steps/more-than-code.ts";
import { resetTotpLimits } from "../steps/reset-sign-in-limits.ts";

/**
 * Takes the second factors of somebody away who has lost them, passkeys and recovery codes among them, and ends their sessions: whoever has
 * found them gets in by none, and with the next factor the owner gets new codes. The password beside a factor goes with it: it did not open
 * the account alone, and whoever knows it must not be in by it now. The owner sets another by an administrator's code.
 *
 * @throws AuthError `not_found`, `reauthentication_required`, and `permission_denied` for one's own account and for one that stands above
 */
export async function resetSecondFactor(core: Core, admin: Administrator, id: string): Promise<number> {
  await requireMoreThanCode(core, admin);
  return resetSecondFactorAs(core, admin, id);
}

/** The same for the operator, who asks nobody. */
export async function resetSecondFactorAs(core: Core, { user: actor, facts }: Actor, id: string): Promise<number> {
  return changeWithAuthority(core, actor, id, async (transaction, target) => {
    if (target.id === actor?.id)
      throw new AuthError("permission_denied", "Another administrator resets your second factor");
    await takePasswordBesideFactor(core, transaction, target.id);
    await removeAllFactors(transaction, target.id);
    await deleteRecoveryCodes(transaction, target.id);
    const sessionsEnded = await endOtherSessions(core, transaction, { userId: target.id, actorId: actor?.id, facts });
    const about = { ...facts, actorId: actor?.id ?? null, subjectId: target.id };
    await recordEvent(transaction, { event: "second_factor_reset", sessionsEnded }, about);
    await keepNotice(core, transaction, { userId: target.id, kind: "second_factor_changed", facts: null });
    await resetTotpLimits(core, transaction, target.id);
    return sessionsEnded;
  });
}

async function takePasswordBesideFactor(core: Core, transaction: Queries, userId: string): Promise<void> {
  const account = await readGateAccount(core, transaction, userId);
  if (!account?.factors.hasTotp && !account?.factors.hasPasskey) return;
  await updatePassword(transaction, userId, createUnusablePassword());
  await forgetFormerPassword(transaction, userId);
}
