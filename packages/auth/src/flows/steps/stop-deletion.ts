import type { AuditEvent } from "../../audit/audit-event.ts";
import { recordEvent } from "../../audit/audit-log.ts";
import { takeDeletion } from "../../deletions/deletion-store.ts";
import type { Queries } from "../../storage/database.ts";
import type { Core, RequestInfo } from "./core.ts";
import { keepNotice } from "./keep-notice.ts";

export interface DeletionToStop {
  readonly userId: string;
  readonly by: Extract<AuditEvent, { event: "deletion_stopped" }>["by"];
  /** Who does it; null for whoever has no session. */
  readonly actorId: string | null;
  /** The call of the person, or of whoever is taken for them; null for what another person did. */
  readonly facts: RequestInfo | null;
}

/** Takes back that an account is to be deleted, in a transaction that holds its row, and tells its owner; false where it was not. */
export async function stopDeletion(core: Core, transaction: Queries, stopped: DeletionToStop): Promise<boolean> {
  if ((await takeDeletion(transaction, stopped.userId)) === null) return false;
  await noteDeletionStopped(core, transaction, stopped);
  return true;
}

/** What follows from it. */
export async function noteDeletionStopped(
  core: Core,
  transaction: Queries,
  { userId, by, actorId, facts }: DeletionToStop,
): Promise<void> {
  const { address = null, requestId = null } = facts ?? {};
  const about = { actorId, subjectId: userId, address, requestId };
  await recordEvent(transaction, { event: "deletion_stopped", by }, about);
  const own = by === "administrator" ? null : facts;
  await keepNotice(core, transaction, { userId, kind: "deletion_stopped", facts: own });
}
