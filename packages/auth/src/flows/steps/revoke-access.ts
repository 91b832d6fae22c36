import { endSecondFactorTickets } from "../../second-factors/second-factor-ticket-store.ts";
import type { SessionEnd } from "../../sessions/session.ts";
import { endSessions } from "../../sessions/session-store.ts";
import type { Queries } from "../../storage/database.ts";
import { markOldTokensEnded } from "../../users/user-store.ts";
import type { Core, RequestInfo } from "./core.ts";
import { endChanges } from "./pending-change.ts";
import { forgetRememberedDevices } from "./remembered-device.ts";

/** Whose sessions end, why, and by what call. */
export interface AccessToRevoke {
  readonly userId: string;
  /** The session that goes on; without it none does. */
  readonly keep?: string | undefined;
  readonly reason: SessionEnd;
  /** Why the changes end that were asked for and wait; `sessions_ended` unless said. */
  readonly changesEnd?: "new_password" | "sessions_ended";
  /** The administrator who does it. */
  readonly actorId?: string | null | undefined;
  readonly facts: RequestInfo;
}

/**
 * Ends the sessions of somebody with what was asked for in them and waits, sign-ins that are half done, tokens of another system that have not
 * been used here yet, and every remembered device: whoever was put out must come back by none of it. Answers how many sessions.
 */
export async function revokeAccess(
  core: Core,
  transaction: Queries,
  { userId, keep, reason, changesEnd = "sessions_ended", actorId, facts }: AccessToRevoke,
): Promise<number> {
  const except = keep === undefined ? {} : { except: keep };
  await markOldTokensEnded(transaction, userId);
  await endSecondFactorTickets(transaction, userId);
  await endChanges(core, transaction, { userId, ...except }, { ...facts, actorId, by: changesEnd });
  const { length: count } = await endSessions(transaction, { userId, ...except, reason });
  await forgetRememberedDevices(transaction, { userId });
  return count;
}
