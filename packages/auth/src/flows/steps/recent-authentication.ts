import { AuthError } from "../../errors.ts";
import { listShown, type Shown } from "../../sessions/session-store.ts";
import type { Core, Principal } from "./core.ts";
import { readGateAccount } from "./gate.ts";

/** How it was shown lately that a session is its owner's. */
export interface RecentAuthentication {
  /** Whether by a code alone: what it does to names, passwords, factors or rights has to wait then. */
  readonly isByCodeAlone: boolean;
  /** Whether this session registered the account, just now: nothing of what it does has to wait. */
  readonly isRegistration: boolean;
}

/** Seconds for which a password that a code has set is no more than that code. */
const wait = 72 * 3_600;

/** Seconds for which the session of a registration needs nothing else. */
const afterRegistration = 3_600;

/**
 * Finds how the owner of a session showed in it that it is them, `maxAge` seconds ago at most: by signing in, or since then. A code counts
 * only where the account has no password, as it does for `me.reauthenticate`, and a password that a code has set within three days counts as
 * that code. Null when they did not.
 */
export async function findRecentAuthentication(
  core: Core,
  { user, session }: Principal,
  maxAge: number,
): Promise<RecentAuthentication | null> {
  const recent = (await listShown(core.db, session.id)).filter((shown) => isRecent(shown, maxAge));
  if (recent.length === 0) return null;
  const account = await readGateAccount(core, core.db, user.id);
  if (!account) return null;
  const isFreshlyReset = account.resetByCodeAgo !== null && account.resetByCodeAgo < wait;
  const isRegistration = !isFreshlyReset && recent.some(({ by }) => by === "registration");
  if (recent.some(({ by }) => by !== "code")) return { isByCodeAlone: isFreshlyReset, isRegistration };
  if (account.state.hasPassword || account.state.hasPasskey) return null;
  return { isByCodeAlone: true, isRegistration: false };
}

/**
 * The same for what must not go on without.
 *
 * @throws AuthError `reauthentication_required`, with `maxAge`
 */
export async function requireRecently(core: Core, caller: Principal, maxAge: number): Promise<RecentAuthentication> {
  const recent = await findRecentAuthentication(core, caller, maxAge);
  if (recent) return recent;
  throw new AuthError("reauthentication_required", "Show again that it is you", { maxAge });
}

function isRecent({ by, secondsAgo }: Shown, maxAge: number): boolean {
  return secondsAgo < (by === "registration" ? Math.max(maxAge, afterRegistration) : maxAge);
}
