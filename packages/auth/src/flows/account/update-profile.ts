import { recordEvent } from "../../audit/audit-log.ts";
import { AuthError } from "../../errors.ts";
import type { ProfileChanges, User } from "../../users/user.ts";
import { updateUser } from "../../users/user-store.ts";
import type { Core, Principal, RequestInfo } from "../steps/core.ts";
import { lockOwner } from "../steps/lock-owner.ts";
import { noteOwnConsent } from "../steps/note-consent.ts";
import { tellHook } from "../steps/tell-hooks.ts";

/** Changes what a person tells about themselves. The audit trail names the fields, never what is in them. */
export async function updateProfile(
  core: Core,
  caller: Principal,
  changes: ProfileChanges,
  facts: RequestInfo,
): Promise<User> {
  const { user } = caller;
  const fields = Object.entries(changes).flatMap(([field, value]) => (value === undefined ? [] : [field]));
  return core.db.transaction().execute(async (transaction) => {
    const { isApprovedToBeInTouch: before } = await lockOwner(transaction, caller);
    const updated = await updateUser(transaction, core.profile, user.id, changes);
    if (!updated) throw new AuthError("session_ended", "The account is gone");
    const after = updated.isApprovedToBeInTouch;
    if (changes.isApprovedToBeInTouch !== undefined)
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
