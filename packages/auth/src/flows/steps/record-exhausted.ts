import { type AuditFacts, recordEvent } from "../../audit/audit-log.ts";
import type { Queries } from "../../storage/database.ts";
import type { Admission } from "../../throttling/throttle.ts";

/** Writes down which limits an attempt that failed was the last free one of: from here on there are waits, or a lock. */
export async function recordUsedUp(
  transaction: Queries,
  { usedUp }: Pick<Admission, "usedUp">,
  facts: AuditFacts,
): Promise<void> {
  for (const limit of usedUp) await recordEvent(transaction, { event: "limit_reached", limit }, facts);
}
