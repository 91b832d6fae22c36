import { type AuditFacts, recordEvent } from "../../audit/audit-log.ts";
import { AuthError } from "../../errors.ts";
import { putCode, type TakenCode } from "../../one-time-codes/code-store.ts";
import { createCode } from "../../one-time-codes/one-time-code.ts";
import type { Queries } from "../../storage/database.ts";
import type { User } from "../../users/user.ts";
import { findProofs, findUser } from "../../users/user-store.ts";
import { type Administrator, changeWithAuthority, findDenialReason } from "./authority.ts";
import type { Core } from "./core.ts";
import { resetPasswordCode } from "./count-code-guess.ts";
import { findMissingPermission } from "./held-permissions.ts";
import { keepNotice } from "./keep-notice.ts";

/** The code with which somebody sets a password by `password.reset`. It is shown here and never again. */
export interface PasswordCode {
  readonly setPasswordCode: string;
  readonly expiresAt: Date;
}

/** Seconds for which a code to set a password is good. */
const setPasswordLifetime = 3 * 86_400;

/**
 * Makes a code for somebody who has none any more or has forgotten their password; an earlier one is good no more. Until it is used,
 * their password and their sessions stay as they are.
 *
 * @throws AuthError `not_found`, `invalid_input` for an account that is disabled, `permission_denied` for one that stands above, and
 * for one's own: somebody who finds an administrator's session open must not get the account with it
 */
export async function createPasswordCode(
  core: Core,
  { user: actor, facts }: Administrator,
  id: string,
): Promise<PasswordCode> {
  return changeWithAuthority(core, actor, id, async (transaction, target) => {
    if (target.id === actor.id) {
      throw new AuthError("permission_denied", "Your own password is changed with the present one: me.changePassword");
    }
    refuseDisabled(target, "id");
    await keepNotice(core, transaction, { userId: target.id, kind: "password_code_issued", facts: null });
    return issuePasswordCode(core, transaction, { ...facts, actorId: actor.id, subjectId: target.id });
  });
}

/** No code opens a disabled account, and one that waited for the account to be enabled would surprise the administrator who enables it. */
export function refuseDisabled({ isActive }: User, field: string): void {
  if (isActive) return;
  const issues = [{ path: [field], code: "disabled" as const, message: "is a disabled account: enable it first" }];
  throw new AuthError("invalid_input", "The account is disabled: enable it first", { issues });
}

/** Makes a code in the caller's transaction, and writes down for whom and by whom. */
export async function issuePasswordCode(
  core: Core,
  transaction: Queries,
  about: AuditFacts & { readonly subjectId: string },
): Promise<PasswordCode> {
  const code = createCode();
  const expiresAt = await putCode(transaction, {
    userId: about.subjectId,
    purpose: "set_password",
    codeHash: code.hash,
    issuerId: about.actorId,
    lifetime: setPasswordLifetime,
  });
  await recordEvent(transaction, { event: "set_password_code_issued" }, about);
  await resetPasswordCode(core, transaction, about.subjectId);
  return { setPasswordCode: code.text, expiresAt };
}

/**
 * Whether the administrator who made a code could make it at this moment. Otherwise an administrator could keep codes for the day when an
 * account rises above theirs, or when they are one no more. Codes from before their password was changed or reset are good no more: whoever
 * found their session open may have made them.
 */
export async function isIssuerGood(
  { profile }: Core,
  transaction: Queries,
  { code: { issuerId, createdAt }, target }: { code: Pick<TakenCode, "issuerId" | "createdAt">; target: User },
): Promise<boolean> {
  if (issuerId === null) return true;
  const issuer = await findUser(transaction, profile, issuerId);
  if (!issuer?.isActive || (await findDenialReason(transaction, issuer, target))) return false;
  const { passwordSetAt = null } = (await findProofs(transaction, issuerId)) ?? {};
  if (passwordSetAt && createdAt && passwordSetAt > createdAt) return false;
  const missing = await findMissingPermission(transaction, issuer, ["auth.change_user"]);
  return missing === null || (await findMissingPermission(transaction, issuer, ["auth.add_user"])) === null;
}
