import { setTimeout as delay } from "node:timers/promises";
import type { DatabaseOptions } from "@latchkey/auth";
import { importLock, withClient } from "@latchkey/auth/import";
import type pg from "pg";
import { SourceError } from "../old-row.ts";
import { isGiven } from "./connect.ts";
import type { Run } from "./staging.ts";

/**
 * Says that a run is under way, until that is given back; null while another one is. The lock is the connection's, and ends with it. A pooler may
 * hand a connection to others between two transactions, and the lock with it: there a transaction holds it, on a connection of its own.
 *
 * @throws SourceError where the pooler has no such connection free
 */
export async function lockStaging(
  { client, isPooled }: Pick<Run, "client" | "isPooled">,
  connection: DatabaseOptions,
): Promise<AsyncDisposable | null> {
  if (!isPooled || isGiven(connection)) return lockOn(client);
  const lent = await withClient(connection).catch(() => {
    throw noSecond();
  });
  const isLocked = await beginLocked(lent.client).catch(async (error: unknown) => {
    await lent[Symbol.asyncDispose]();
    throw error;
  });
  // A pooler takes on more callers than it has connections, and lets them wait for minutes.
  if (isLocked && (await answers(client))) return lent;
  await lent[Symbol.asyncDispose]();
  if (isLocked) throw noSecond();
  return null;
}

const noSecond = () =>
  new SourceError(
    "The pooler before the database has no second connection free, on which an import holds its lock: give it more, or run the import at the address of PostgreSQL itself.",
    3,
  );

/** Milliseconds for which an answer to nothing is waited for. */
const longestWait = 5_000;

const answers = (client: pg.ClientBase): Promise<boolean> =>
  Promise.race([
    client.query("select").then(
      () => true,
      () => false,
    ),
    delay(longestWait, false, { ref: false }),
  ]);

async function lockOn(client: pg.ClientBase): Promise<AsyncDisposable | null> {
  const isLocked = await beginLocked(client);
  await client.query(isLocked ? "commit" : "rollback");
  if (!isLocked) return null;
  return {
    async [Symbol.asyncDispose]() {
      // The connection may be what failed.
      await client.query(`select pg_advisory_unlock(${importLock})`).catch(() => {});
    },
  };
}

/** Begins a transaction and takes the lock in it; whether that was to be had. */
async function beginLocked(client: pg.ClientBase): Promise<boolean> {
  await client.query("begin");
  // Housekeeping holds it for a moment at a time.
  await client.query(
    "select set_config('lock_timeout', '3s', true), set_config('idle_in_transaction_session_timeout', '0', true)",
  );
  try {
    await client.query(`select pg_advisory_lock(${importLock})`);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "55P03") return false;
    throw error;
  }
}
