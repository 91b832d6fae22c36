import type { AuditEvent } from "../../audit/audit-event.ts";
import { type AuditFacts, forgetAddresses, recordEvent } from "../../audit/audit-log.ts";
import { deleteSessionsOf } from "../../sessions/session-store.ts";
import type { Queries } from "../../storage/database.ts";
import { deleteUser, lockUser } from "../../users/user-store.ts";

/** Why an account is deleted other than by an administrator or the operator. */
export type ErasureCause = NonNullable<Extract<AuditEvent, { event: "user_deleted" }>["by"]>;

/**
 * Deletes an account with all that hangs on it. The audit trail keeps what happened, and nothing that tells who it was. False where it was gone
 * already.
 */
export async function eraseAccount(
  transaction: Queries,
  id: string,
  facts: Omit<AuditFacts, "subjectId">,
  by?: ErasureCause,
): Promise<boolean> {
  if (!(await lockUser(transaction, id))) return false;
  await deleteSessionsOf(transaction, id);
  await deleteUser(transaction, id);
  await recordEvent(transaction, { event: "user_deleted", ...(by && { by }) }, { ...facts, subjectId: id });
  await forgetAddresses(transaction, id);
  return true;
}
