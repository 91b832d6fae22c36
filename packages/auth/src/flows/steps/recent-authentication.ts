import { AuthError } from "../../errors.ts";
import { listPasskeys } from "../../passkeys/passkey-store.ts";
import { listShown, type Shown } from "../../sessions/session-store.ts";
import type { Core, Principal } from "./core.ts";
import { type GateAccount, readGateAccount } from "./gate.ts";

/** How it was shown lately that a session is its owner's. */
export interface RecentAuthentication {
  /** Whether by a code alone: what it does to names, passwords, factors or rights has to wait then. */
  readonly isByCodeAlone: boolean;
  /** Whether this session registered the account, just now: nothing of what it does has to wait. */
  readonly isRegistration: boolean;
}

/** Seconds ago at most that somebody showed that it is them, for what would make an account another person's. */
export const ownerMaxAge = 600;

/** Seconds for which waits what nothing but a code that was sent authorised: whoever has somebody's number for a day must not keep their account. */
export const waitOfCodes = 72 * 3_600;

/** Seconds for which the session of a registration needs nothing else. */
const afterRegistration = 3_600;

/**
 * Finds how the owner of a session showed in it that it is them, `maxAge` seconds ago at most: by signing in, or since then. A code counts
 * only where the account has no password, as it does for `me.reauthenticate`, and a password, or a factor, that a code has set within three days
 * counts as that code. Null when they did not, and in a session of one factor where the account has two: what a remembered device opened
 * shows nothing again.
 */
export async function findRecentAuthentication(
  core: Core,
  { user, session }: Principal,
  maxAge: number,
): Promise<RecentAuthentication | null> {
  const recent = (await listShown(core.db, session.id)).filter((shown) => isRecent(shown, maxAge));
  if (recent.length === 0) return null;
  const account = await readGateAccount(core, core.db, user.id);
  if (!account || lacksFactors(session, account)) return null;
  const isFresh = isFreshlySetByCode(account);
  // Whoever has the number for a day has no passkey, but for one that the number has just enrolled.
  if (recent.some(({ by }) => by === "passkey"))
    return { isByCodeAlone: isFresh && (await areAllPasskeysNewer(core, account)), isRegistration: false };
  const isRegistration = !isFresh && recent.some(({ by }) => by === "registration");
  if (recent.some(({ by }) => by !== "code")) return { isByCodeAlone: isFresh, isRegistration };
  if (account.state.hasPassword || account.state.hasPasskey) return null;
  // A code beside an authenticator app is no code alone.
  return { isByCodeAlone: session.acr === "1" || isFresh, isRegistration: false };
}

/** Whether a session goes on with less than its account asks for, because its device is remembered. */
export function lacksFactors(session: Principal["session"], { state }: GateAccount): boolean {
  return session.acr === "1" && state.hasSecondFactor;
}

/**
 * Asks for the second factor in a session that goes on without it, before what a remembered device must not do.
 *
 * @throws AuthError `reauthentication_required`, with `acr`
 */
export async function requireFactorsShown(
  core: Core,
  { user, session }: Principal,
  maxAge = ownerMaxAge,
): Promise<void> {
  if (session.acr === "2") return;
  const account = await readGateAccount(core, core.db, user.id);
  if (account && lacksFactors(session, account)) throw reauthenticationRequired(maxAge, "2");
}

/** Whether a code that was sent has set the password, or the first second factor, so lately that either counts as that code. */
export function isFreshlySetByCode({ resetByCodeAgo }: Pick<GateAccount, "resetByCodeAgo">): boolean {
  return resetByCodeAgo !== null && resetByCodeAgo < waitOfCodes;
}

/** Whether an account has no passkey from before a code has set what opens it. */
async function areAllPasskeysNewer(core: Core, { id, now, resetByCodeAgo }: GateAccount): Promise<boolean> {
  const since = Math.floor(now.getTime() - (resetByCodeAgo ?? 0) * 1000);
  return (await listPasskeys(core.db, id)).every(({ createdAt }) => createdAt.getTime() >= since);
}

/**
 * The same for what must not go on without.
 *
 * @throws AuthError `reauthentication_required`, with `maxAge`
 */
export async function requireRecently(
  core: Core,
  caller: Principal,
  maxAge = ownerMaxAge,
): Promise<RecentAuthentication> {
  const recent = await findRecentAuthentication(core, caller, maxAge);
  if (recent) return recent;
  await requireFactorsShown(core, caller, maxAge);
  throw reauthenticationRequired(maxAge);
}

/** @param acr `2` where the second factor is to be shown as well */
export function reauthenticationRequired(maxAge = ownerMaxAge, acr?: "2"): AuthError {
  const message = acr ? "This needs a second factor" : "Show again that it is you";
  return new AuthError("reauthentication_required", message, { maxAge, ...(acr && { acr }) });
}

function isRecent({ by, secondsAgo }: Shown, maxAge: number): boolean {
  return secondsAgo < (by === "registration" ? Math.max(maxAge, afterRegistration) : maxAge);
}
