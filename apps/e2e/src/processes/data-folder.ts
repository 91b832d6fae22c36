import { execFile } from "node:child_process";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { createAuth } from "@latchkey/auth";
import { testSecret } from "@latchkey/auth/testing";
import { openEmbeddedPostgres } from "@latchkey/embedded-postgres";
import { onceARun } from "../once-a-run.ts";

/**
 * Puts a data folder in place whose PostgreSQL has been made and whose schema is up to date: a copy of one that is made once in a run,
 * since making one takes longer than most of what is tried on it. No service has ever started there.
 */
export async function copyDataFolder(to: string): Promise<void> {
  const from = await onceARun("data", makeDataFolder);
  // The files belong to the user as whom PostgreSQL runs.
  await promisify(execFile)("cp", ["-a", from, to]);
}

async function makeDataFolder(dataDir: string): Promise<void> {
  const server = await openEmbeddedPostgres({ dataDir, settings: { fsync: "off" } });
  const auth = createAuth(server.connection, { secret: testSecret });
  await auth.migrate();
  await auth.close();
  await server.close();
  // It holds the port, which would be the first choice of every copy.
  await rm(join(dataDir, "postgres", "data", "postmaster.opts"));
}
