import { type AuditFacts, recordEvent } from "../../audit/audit-log.ts";
import type { Queries } from "../../storage/database.ts";
import type { Admission } from "../../throttling/throttle.ts";

/** Writes down which limits an attempt that failed was the last free one of: from here on there are waits, or a lock. */
export async function recordExhausted(
  transaction: Queries,
  { exhausted }: Pick<Admission, "exhausted">,
  facts: AuditFacts,
): Promise<void> {
  for (const limit of exhausted) await recordEvent(transaction, { event: "limit_reached", limit }, facts);
}
