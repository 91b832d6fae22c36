import { recordEvent } from "../../audit/audit-log.ts";
import { takeChanges } from "../../pending-changes/pending-change-store.ts";
import type { Queries } from "../../storage/database.ts";
import { about } from "./change-name.ts";
import type { Core, RequestInfo } from "./core.ts";
import type { Target } from "./start-challenge.ts";

/** What is about to become of a name, and who does it. */
export interface Rivals {
  readonly userId: string;
  readonly kind: Target["kind"];
  /** Whether the name stays: what its adding can be stopped by stays with it. */
  readonly isSame?: boolean;
  readonly by: "another_change" | "administrator";
  readonly actorId: string | null;
  /** Null for what has waited. */
  readonly facts: RequestInfo | null;
}

/**
 * Ends what waits for a name that is about to be another one: what somebody asked for before must not undo what its owner, or an administrator
 * who helps them, does now.
 */
export async function endRivalChanges(
  core: Core,
  transaction: Queries,
  { userId, kind, isSame = false, by, actorId, facts }: Rivals,
): Promise<void> {
  const kinds = [`set_${kind}`, `remove_${kind}`, ...(isSame ? [] : ([`open_by_${kind}`] as const))] as const;
  for (const { kind: change } of await takeChanges(transaction, core.pendingKey(), { userId, kinds }))
    await recordEvent(transaction, { event: "change_stopped", change, by }, about({ id: userId }, actorId, facts));
}
