import { fileURLToPath } from "node:url";
import { migrateOwn, type OwnMigrations, readMigrations } from "@latchkey/server";
import { type LiveServer, startLiveServer } from "../live-server.ts";
import { notesRouter, permissions } from "./notes-router.ts";

export const notesMigrations: OwnMigrations = {
  schema: "notes",
  all: await readMigrations(fileURLToPath(new URL("./migrations/", import.meta.url))),
};

/** A host with a resource of its own beside Latchkey's procedures, over a throw-away database; time can be moved. */
export async function startNotesServer(
  options: Parameters<typeof startLiveServer>[0] = {},
  settings: Parameters<typeof startLiveServer>[1] = {},
): Promise<LiveServer> {
  const live = await startLiveServer(
    { permissions, ...options },
    { host: "standalone", ...settings, router: notesRouter },
  );
  await migrateOwn({ pool: live.test.auth.pool }, notesMigrations);
  return live;
}
