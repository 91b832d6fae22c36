import type { DatabaseOptions } from "@latchkey/auth";
import { givenPool, isShared, withClient } from "@latchkey/auth/import";

/** What lets a connection sort and index many rows at once. */
const settings = [
  ["work_mem", "64MB"],
  ["gin_pending_list_limit", "65536"],
  ["jit", "off"],
].map(([name, value]) => `set_config('${name}', '${value}', false)`);

/** A connection of one's own, whose statements may take their time, for work on many rows. */
export async function connect(connection: DatabaseOptions): ReturnType<typeof withClient> {
  const lent = await withClient(connection);
  // One that goes on to somebody else's transaction keeps what was set.
  if (!isShared(connection)) await lent.client.query(`select ${settings.join(", ")}`);
  return lent;
}

/** Whether more connections than one may be asked for: a pool of somebody else's may have no other. */
export const mayConnectAgain = (connection: DatabaseOptions): boolean => givenPool(connection) === null;
