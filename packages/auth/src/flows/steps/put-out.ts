import type { SessionEnd } from "../../sessions/session.ts";
import { endSessions } from "../../sessions/session-store.ts";
import type { Queries } from "../../storage/database.ts";
import type { Core, RequestInfo } from "./core.ts";
import { endChanges } from "./pending-change.ts";
import { forgetRememberedDevices } from "./remembered-device.ts";

/** Whose sessions end, why, and by what call. */
export interface PutOut {
  readonly userId: string;
  /** The session that goes on; without it none does. */
  readonly keep?: string | undefined;
  readonly reason: SessionEnd;
  /** The administrator who does it. */
  readonly actorId?: string | null | undefined;
  readonly facts: RequestInfo;
}

/**
 * Ends the sessions of somebody with what was asked for in them and waits, and has every remembered device forgotten: whoever was put out must
 * come back by none of it. Answers how many sessions.
 */
export async function putOut(
  core: Core,
  transaction: Queries,
  { userId, keep, reason, actorId, facts }: PutOut,
): Promise<number> {
  const except = keep === undefined ? {} : { except: keep };
  await endChanges(core, transaction, { userId, ...except }, { ...facts, actorId, by: "sessions_ended" });
  const { length: count } = await endSessions(transaction, { userId, ...except, reason });
  await forgetRememberedDevices(transaction, { userId });
  return count;
}
