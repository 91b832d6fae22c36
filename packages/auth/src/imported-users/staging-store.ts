import { sql } from "kysely";
import type { Queries } from "../storage/database.ts";

/** Advisory lock of the import that is under way: it ends with the connection that holds it. */
export const importLock = "7809634402175911";

/** What an import reads, plans and applies is in these tables while it runs. */
export const stagingTables = ["latchkey.import_people", "latchkey.import_issues", "latchkey.import_decisions"] as const;

/**
 * Deletes some of the rows that an import left which was killed, among them hashes of passwords. What belongs to one that is under way
 * stays. Answers how many it deleted.
 */
export async function deleteAbandoned(db: Queries, atMost: number): Promise<number> {
  for (const table of stagingTables) {
    const deleted = await deleteSome(db, table, atMost);
    if (deleted > 0) return deleted;
  }
  return 0;
}

async function deleteSome(db: Queries, table: string, atMost: number): Promise<number> {
  const name = sql.raw(table);
  // An import that begins meanwhile waits for the lock, so it is asked for only where there is something to do.
  const { rows } = await sql<{ isEmpty: boolean }>`select not exists (select from ${name}) as is_empty`.execute(db);
  if (rows[0]?.isEmpty) return 0;
  return db.transaction().execute(async (transaction) => {
    const { rows } = await sql<{ isOurs: boolean }>`
      select pg_try_advisory_xact_lock(${sql.raw(importLock)}) as is_ours`.execute(transaction);
    if (!rows[0]?.isOurs) return 0;
    const result = await sql`delete from ${name}
      where ctid = any (array(select ctid from ${name} limit ${atMost}))`.execute(transaction);
    return Number(result.numAffectedRows ?? 0n);
  });
}
