import { recordEvent } from "../../audit/audit-log.ts";
import {
  type MadeRecoveryCodes,
  type NewRecoveryCodes,
  replaceRecoveryCodes,
} from "../../one-time-codes/recovery-code-store.ts";
import type { Queries } from "../../storage/database.ts";
import type { Core, RequestInfo } from "./core.ts";
import type { GateAccount } from "./gate.ts";
import { keepNotice } from "./keep-notice.ts";
import { waitOfCodes } from "./recent-authentication.ts";

interface WantedCodes {
  readonly userId: string;
  /** Of codes that are not good at once: for how many seconds they wait, and the session that asks, with which they die. */
  readonly waiting: NewRecoveryCodes["waiting"];
  readonly facts: RequestInfo;
}

/** Makes ten recovery codes in the place of those before, in a transaction that holds the user's row, and tells their owner. */
export async function makeRecoveryCodes(
  core: Core,
  transaction: Queries,
  { userId, waiting, facts }: WantedCodes,
): Promise<MadeRecoveryCodes> {
  const made = await replaceRecoveryCodes(transaction, { userId, waiting });
  const happened = { event: "recovery_codes_created", isWaiting: waiting !== null } as const;
  await recordEvent(transaction, happened, { ...facts, actorId: userId, subjectId: userId });
  await keepNotice(core, transaction, { userId, kind: "recovery_codes_created", facts });
  return made;
}

/** What somebody gets who has just set up a factor, or shown the one that they keep after the last code. */
export interface FactorEnrolled {
  /** Ten ways back, shown here and never again; null for somebody who has some. */
  readonly recoveryCodes: MadeRecoveryCodes | null;
}

/** For how long an account's new codes wait: after a code alone, and while a reset of its password is held. */
export function toWaiting(
  account: Pick<GateAccount, "heldSeconds"> | null,
  { sessionId, isByCodeAlone }: Pick<MissingCodes, "sessionId" | "isByCodeAlone">,
): NewRecoveryCodes["waiting"] {
  const seconds = Math.max(isByCodeAlone ? waitOfCodes : 0, account?.heldSeconds ?? 0);
  return seconds > 0 ? { seconds, sessionId } : null;
}

interface MissingCodes {
  readonly account: GateAccount;
  /** The session that asks; with it they die where they wait. */
  readonly sessionId: string;
  /** Whether nothing but a code that was sent shows whose it is. */
  readonly isByCodeAlone: boolean;
  readonly facts: RequestInfo;
}

/**
 * Makes them for somebody who has a factor, and no codes: without an address they are the only way back once the device is lost,
 * so that nobody is left to remember them. They wait as those do that are asked for by themselves. Null for somebody who has some.
 */
export async function makeMissingCodes(
  core: Core,
  transaction: Queries,
  { account, sessionId, isByCodeAlone, facts }: MissingCodes,
): Promise<MadeRecoveryCodes | null> {
  if (account.state.hasRecoveryCodes) return null;
  const waiting = toWaiting(account, { sessionId, isByCodeAlone });
  return makeRecoveryCodes(core, transaction, { userId: account.id, waiting, facts });
}
