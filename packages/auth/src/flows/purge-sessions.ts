import { deleteDeadSessions } from "../sessions/session-store.ts";
import type { Core } from "./core.ts";

/** Sessions that one statement deletes, so that none holds locks for long. */
const batchSize = 500;

/** Deletes the sessions that nobody can use any more, batch by batch, and answers how many. Several processes may do it at once. */
export async function purgeSessions(core: Core): Promise<number> {
  let total = 0;
  for (let deleted = batchSize; deleted === batchSize; total += deleted) {
    deleted = await deleteDeadSessions(core.db, batchSize);
  }
  return total;
}
