import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { testSecret } from "@latchkey/auth/testing";
import { createLatchkey } from "@latchkey/server";
import { createHTTPServer } from "@trpc/server/adapters/standalone";
import { notesRouter, permissions } from "./notes-router.ts";
import { notesMigrations } from "./notes-server.ts";

export interface NotesHost extends AsyncDisposable {
  readonly url: string;
}

/** A team's own server on the database of a service that runs: its procedures are there, and the accounts are the service's. */
export async function startNotesHost(connectionString: string): Promise<NotesHost> {
  const latchkey = await createLatchkey({
    database: { connectionString },
    secret: testSecret,
    permissions,
    migrations: notesMigrations,
  });
  const server = createHTTPServer({
    router: notesRouter,
    basePath: "/trpc/",
    createContext: ({ req }) => latchkey.context({ headers: req.headers, remoteAddress: req.socket.remoteAddress }),
    responseMeta: latchkey.responseMeta,
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
      await latchkey.stop();
    },
  };
}
