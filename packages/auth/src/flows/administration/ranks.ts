import { AuthError } from "../../errors.ts";
import type { User } from "../../users/user.ts";
import type { UserChanges } from "../../users/user-store.ts";
import { isLastSuperuser, lastSuperuser } from "../steps/last-superuser.ts";

/** What makes somebody staff or a superuser. */
type Ranks = Pick<UserChanges, "isStaff" | "isSuperuser">;

/** @throws AuthError `permission_denied` */
export function requireSuperuserForRoles(
  actor: User | null,
  wanted: Ranks,
  present: Required<Ranks> = { isStaff: false, isSuperuser: false },
): void {
  if (!actor || actor.isSuperuser) return;
  const isStaffChanged = wanted.isStaff !== undefined && wanted.isStaff !== present.isStaff;
  const isSuperuserChanged = wanted.isSuperuser !== undefined && wanted.isSuperuser !== present.isSuperuser;
  if (isStaffChanged || isSuperuserChanged) {
    throw new AuthError("permission_denied", "Only a superuser makes staff and superusers, or unmakes them");
  }
}

/** @throws AuthError `permission_denied` */
export function keepLastSuperuser(superusers: readonly string[], target: User, changes: UserChanges): void {
  const isLeaving = changes.isActive === false || changes.isSuperuser === false;
  if (isLeaving && isLastSuperuser(superusers, target)) throw lastSuperuser();
}

/** What an event says of the ranks of an account that was made. */
export function heldRanks({ isStaff, isSuperuser }: User): { readonly isStaff?: true; readonly isSuperuser?: true } {
  return { ...(isStaff && { isStaff }), ...(isSuperuser && { isSuperuser }) };
}

/** What an event says of ranks and status that were set. */
export function ranksOf({ isActive, isStaff, isSuperuser }: UserChanges) {
  return {
    ...(isActive !== undefined && { isActive }),
    ...(isStaff !== undefined && { isStaff }),
    ...(isSuperuser !== undefined && { isSuperuser }),
  };
}
