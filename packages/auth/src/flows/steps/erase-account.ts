import { sql } from "kysely";
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
  for (const table of histories) await deleteHistory(transaction, table, id);
  await deleteUser(transaction, id);
  await recordEvent(transaction, { event: "user_deleted", ...(by && { by }) }, { ...facts, subjectId: id });
  await forgetAddresses(transaction, id);
  return true;
}

/** What there may be very much of: what a program has caused that signs in every minute, or somebody who asks for codes. */
const histories = ["notices", "challenges", "tickets", "second_factor_tickets"];

/** Rows that one statement deletes. */
const mostDeleted = 5_000;

/** Deletes a person's rows of a table so many at a time that no statement takes long, as the deletion of the account itself would. */
async function deleteHistory(transaction: Queries, table: string, userId: string): Promise<void> {
  const from = sql.table(`latchkey.${table}`);
  // By their places: without statistics no better plan is sure.
  const deleteSome = () =>
    sql`delete from ${from} where ctid = any (array(
      select ctid from ${from} where user_id = ${userId} limit ${mostDeleted}))`.execute(transaction);
  while (((await deleteSome()).numAffectedRows ?? 0n) > 0n);
}
