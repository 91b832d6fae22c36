import { hasProvedLately } from "../../challenges/challenge-store.ts";
import { readSessionAge } from "../../sessions/session-store.ts";
import type { Core, Principal } from "./core.ts";
import { askGate, type GateAccount } from "./gate.ts";
import {
  findRecentAuthentication,
  lacksFactors,
  ownerMaxAge,
  reauthenticationRequired,
  waitOfCodes,
} from "./recent-authentication.ts";

/** Seconds for which another number waits where neither the old one nor anything else was shown, and how old the session must be. */
const longWait = 7 * 86_400;

/** What is to become of a name. */
export interface WantedChange {
  readonly kind: "phone" | "email";
  readonly does: "set" | "remove";
}

export interface ChangeAuthority {
  /** Seconds until it may be done; 0 for at once. */
  readonly waits: number;
  /** Seconds from then on until codes of a new name open the account. */
  readonly opensIn: number;
  readonly isByCodeAlone: boolean;
}

const atOnce: ChangeAuthority = { waits: 0, opensIn: 0, isByCodeAlone: false };

/**
 * Says by what right, and after how long, the caller's session changes or removes a name of its account.
 *
 * @throws AuthError `reauthentication_required`
 */
export async function requireChangeAuthority(
  core: Core,
  caller: Principal,
  account: GateAccount,
  wanted: WantedChange,
): Promise<ChangeAuthority> {
  const recent = await findRecentAuthentication(core, caller, ownerMaxAge);
  if (recent?.isRegistration) return atOnce;
  if (recent?.isByCodeAlone) return { waits: waitOfCodes, opensIn: 0, isByCodeAlone: true };
  if (recent) return byPassword(core, caller, account, wanted);
  if (lacksFactors(caller.session, account)) throw reauthenticationRequired(ownerMaxAge, "2");
  if (await isOnlyLeft(core, caller, account, wanted)) return { waits: longWait, opensIn: 0, isByCodeAlone: true };
  throw reauthenticationRequired();
}

/**
 * With a password a name is added at once, and its codes open the account later. A name by which the owner comes back when the password has
 * become another person's, or will once it has waited, goes at once only if its code was shown as well.
 */
async function byPassword(
  core: Core,
  { session }: Principal,
  account: GateAccount,
  { kind }: WantedChange,
): Promise<ChangeAuthority> {
  const address = addressOf(account, kind);
  if (address !== null && leadsBack(core, account, kind)) {
    const shown = { sessionId: session.id, address, seconds: ownerMaxAge };
    if (!(await hasProvedLately(core.db, shown))) return { waits: waitOfCodes, opensIn: 0, isByCodeAlone: false };
  }
  return { waits: 0, opensIn: waitOfCodes, isByCodeAlone: false };
}

/**
 * Whether the codes of a name lead its owner back to another password: by themselves, beside a device that is known or a second factor, or once the
 * name has waited.
 */
function leadsBack(core: Core, account: GateAccount, kind: WantedChange["kind"]): boolean {
  const { state } = account;
  const waited = state[kind] === "waiting" ? { ...state, [kind]: "trusted" as const } : state;
  const shown = [kind === "phone" ? "phone_code" : "email_code", "known_device"] as const;
  const { opens } = askGate(core, { ...account, state: waited }, shown, "reset_password");
  return opens === "session" || opens === "second_factor";
}

/**
 * Whether nothing is left of an account but an old session: its number or address was all that it had, and does not reach its owner any
 * more; or it is parked.
 */
async function isOnlyLeft(
  core: Core,
  { session }: Principal,
  account: GateAccount,
  { kind, does }: WantedChange,
): Promise<boolean> {
  const { state } = account;
  if (does === "remove" || state.isHolderOfRights || session.adoptedFrom !== null) return false;
  if (!state.isParked) {
    if (state.hasPassword || state.hasPasskey || addressOf(account, kind) === null) return false;
    const other = kind === "phone" ? "email_code" : "phone_code";
    if (askGate(core, account, [other], "reauthenticate").opens === "session") return false;
  }
  return (await readSessionAge(core.db, session.id)) >= longWait;
}

export function addressOf(account: GateAccount, kind: "phone" | "email"): string | null {
  return kind === "phone" ? account.phoneNumber : account.emailKey;
}
