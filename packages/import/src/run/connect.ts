import type { DatabaseOptions } from "@latchkey/auth";
import { givenPool, isShared, processIdOf, withClient } from "@latchkey/auth/import";
import type pg from "pg";

/**
 * What lets a connection sort and index many rows at once. Names are put into their index by the megabyte: what waits for that is read whole by
 * everybody who asks for a name, 70 ms of it where 64 MB may wait.
 */
const settings = [
  ["work_mem", "64MB"],
  ["gin_pending_list_limit", "1MB"],
  ["jit", "off"],
].map(([name, value]) => `set_config('${name}', '${value}', false)`);

/** A connection of one's own, whose statements may take their time, for work on many rows. */
export async function connect(connection: DatabaseOptions): ReturnType<typeof withClient> {
  const lent = await withClient(connection);
  // One that goes on to somebody else's transaction keeps what was set.
  if (!isShared(connection)) await lent.client.query(`select ${settings.join(", ")}`);
  return lent;
}

/** Whether a pool is somebody else's, which may have no other connection. */
export const isGiven = (connection: DatabaseOptions): boolean => givenPool(connection) !== null;

/** Whether a pooler stands before PostgreSQL: it makes up a process's number for each of its callers, and PostgreSQL says its own. */
export async function isPooled(client: pg.ClientBase): Promise<boolean> {
  const { rows } = await client.query<{ pid: number }>("select pg_backend_pid() as pid");
  return rows[0]?.pid !== processIdOf(client);
}
