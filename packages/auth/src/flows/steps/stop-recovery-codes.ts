import type { AuditEvent } from "../../audit/audit-event.ts";
import { recordEvent } from "../../audit/audit-log.ts";
import { settleRecoveryCodes, stopWaitingCodes } from "../../one-time-codes/recovery-code-store.ts";
import type { Queries } from "../../storage/database.ts";
import type { Core, RequestInfo } from "./core.ts";
import { keepNotice } from "./keep-notice.ts";

export interface CodesToStop {
  readonly userId: string;
  readonly by: Extract<AuditEvent, { event: "recovery_codes_stopped" }>["by"];
  /** Who does it; null for whoever has no session. */
  readonly actorId: string | null;
  readonly facts: RequestInfo;
}

/**
 * Withdraws recovery codes that wait to be good, in a transaction that holds their owner's row, and tells it like every change that is
 * stopped; false where none wait. Those that have waited long enough are good, and stay.
 */
export async function stopRecoveryCodes(
  core: Core,
  transaction: Queries,
  { userId, by, actorId, facts }: CodesToStop,
): Promise<boolean> {
  await settleRecoveryCodes(transaction, userId);
  if (!(await stopWaitingCodes(transaction, userId))) return false;
  await recordEvent(transaction, { event: "recovery_codes_stopped", by }, { ...facts, actorId, subjectId: userId });
  await keepNotice(core, transaction, { userId, kind: "change_stopped", facts });
  return true;
}
