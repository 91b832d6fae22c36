import { recordEvent } from "../../audit/audit-log.ts";
import { AuthError } from "../../errors.ts";
import type { ProfileChanges, User } from "../../users/user.ts";
import { lockUser, updateUser } from "../../users/user-store.ts";
import type { Core, Principal, RequestInfo } from "../steps/core.ts";
import { noteOwnConsent } from "../steps/note-consent.ts";
import { tellHook } from "../steps/tell-hooks.ts";

/** Changes what a person tells about themselves. The audit trail names the fields, never what is in them. */
export async function updateProfile(
  core: Core,
  { user }: Principal,
  changes: ProfileChanges,
  facts: RequestInfo,
): Promise<User> {
  const fields = Object.entries(changes).flatMap(([field, value]) => (value === undefined ? [] : [field]));
  return core.db.transaction().execute(async (transaction) => {
    const isConsent = changes.isApprovedToBeInTouch !== undefined;
    const { isApprovedToBeInTouch: before = false } = (isConsent && (await lockUser(transaction, user.id))) || {};
    const updated = await updateUser(transaction, core.profile, user.id, changes);
    if (!updated) throw new AuthError("session_ended", "The account is gone");
    const after = updated.isApprovedToBeInTouch;
    if (isConsent)
      await noteOwnConsent(core, transaction, { userId: user.id, before, after, source: "profile", facts });
    if (fields.length === 0) return updated;
    await recordEvent(
      transaction,
      { event: "profile_updated", fields },
      { ...facts, actorId: user.id, subjectId: user.id },
    );
    await tellHook(core, transaction, "userUpdated", { user: updated, fields, by: "owner", request: facts });
    return updated;
  });
}
