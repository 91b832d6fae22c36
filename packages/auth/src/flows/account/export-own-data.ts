import type { Core, Principal } from "../steps/core.ts";
import { exportUser, type OwnData } from "../steps/export-user.ts";
import { requireRecently } from "../steps/recent-authentication.ts";

/**
 * Everything that is kept about the caller, for themselves.
 *
 * @throws AuthError `reauthentication_required`
 */
export async function exportOwnData(core: Core, caller: Principal): Promise<OwnData> {
  // Whoever finds a session open must not carry a life away.
  await requireRecently(core, caller);
  return exportUser(core, caller.user);
}
