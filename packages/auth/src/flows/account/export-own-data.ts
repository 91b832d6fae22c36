import type { Core, Principal } from "../steps/core.ts";
import { exportUser, type OwnData } from "../steps/export-user.ts";
import { requireRecently } from "../steps/recent-authentication.ts";

/** Seconds ago at most that the caller showed that it is them: whoever finds a session open must not carry a life away. */
const maxAge = 600;

/**
 * Everything that is kept about the caller, for themselves.
 *
 * @throws AuthError `reauthentication_required`
 */
export async function exportOwnData(core: Core, caller: Principal): Promise<OwnData> {
  await requireRecently(core, caller, maxAge);
  return exportUser(core, caller.user);
}
