import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { createLog } from "@latchkey/api/log";
import { type ServerOptions, startServer } from "@latchkey/api/server";
import { type Auth, createAuth } from "@latchkey/auth";
import { createTestAuth, testSecret } from "@latchkey/auth/testing";
import type { LiveServer } from "../live-server.ts";

/** A wire between the service and PostgreSQL that can be listened to and cut. */
export interface PostgresTap extends AsyncDisposable {
  readonly port: number;
  /** The names of the prepared statements that were executed so far, in order. */
  readonly executed: string[];
  /** The way to PostgreSQL swallows whatever is sent, and says nothing: until it is cut. */
  stall(): void;
  /** PostgreSQL is away: connections break, and new ones are refused. */
  cut(): Promise<void>;
  restore(): Promise<void>;
}

/** Puts a tap in front of a PostgreSQL server. */
export async function tapPostgres(upstream: { host: string; port: number }): Promise<PostgresTap> {
  const executed: string[] = [];
  const sockets = new Set<Socket>();
  const pairs = new Set<readonly [Socket, Socket]>();
  let isStalled = false;
  const part = ([client, database]: readonly [Socket, Socket]) => {
    client.unpipe(database).resume();
    database.unpipe(client).resume();
  };
  const server = createServer((client) => {
    const database = connect(upstream);
    const pair = [client, database] as const;
    pairs.add(pair);
    client.on("close", () => pairs.delete(pair));
    const listenIn = createStatementListener((name) => executed.push(name));
    client.on("data", listenIn).pipe(database).pipe(client);
    if (isStalled) part(pair);
    for (const [socket, other] of [
      [client, database],
      [database, client],
    ] as const) {
      sockets.add(socket);
      socket
        .on("error", () => {})
        .on("close", () => {
          sockets.delete(socket);
          other.destroy();
        });
    }
  });
  const listen = async (port: number) => {
    await once(server.listen(port, "127.0.0.1"), "listening");
  };
  const cut = async () => {
    const closed = server.listening ? once(server.close(), "close") : null;
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  const stall = () => {
    isStalled = true;
    for (const pair of pairs) part(pair);
  };
  await listen(0);
  const { port } = server.address() as AddressInfo;
  return { port, executed, stall, cut, restore: () => listen(port), [Symbol.asyncDispose]: cut };
}

/** Follows the frontend's half of the protocol (PostgreSQL 18, chapter 54.7) and tells the statement of each Bind. */
function createStatementListener(onStatement: (name: string) => void): (chunk: Buffer) => void {
  let pending = Buffer.alloc(0);
  let isStarted = false;
  return (chunk) => {
    pending = Buffer.concat([pending, chunk]);
    for (;;) {
      // Every message but the first begins with a byte for its type; the length counts itself and what follows.
      const typeBytes = isStarted ? 1 : 0;
      if (pending.length < typeBytes + 4) return;
      const end = typeBytes + pending.readInt32BE(typeBytes);
      if (pending.length < end) return;
      if (isStarted && pending[0] === "B".charCodeAt(0)) onStatement(readStatementName(pending.subarray(5, end)));
      isStarted = true;
      pending = pending.subarray(end);
    }
  };
}

/** A Bind message names its portal, then its statement; both end with a zero byte. */
function readStatementName(bind: Buffer): string {
  return bind.toString("latin1").split("\0", 2)[1] ?? "";
}

/** The service as `startLiveServer` starts it, with a tap between it and PostgreSQL. */
export async function startTappedServer(
  settings: Pick<ServerOptions, "pages"> & { readonly receipts?: (auth: Auth) => ServerOptions["receipts"] } = {},
): Promise<LiveServer & { readonly tap: PostgresTap }> {
  const test = await createTestAuth();
  const { connection } = test.database;
  const tap = await tapPostgres({ host: String(connection.host), port: Number(connection.port) });
  const passwords = { cost: 4, hashConcurrency: 2 };
  const auth = createAuth({ ...connection, port: tap.port }, { secret: testSecret, clock: test.clock, passwords });
  await auth.initialize();
  const logged: string[] = [];
  const log = createLog("info", { write: (line) => void logged.push(line) });
  const { pages, receipts } = settings;
  const server = await startServer({
    ...{ auth, log, host: "127.0.0.1", port: 0, pages },
    ...(receipts && { receipts: receipts(auth) }),
  });
  return {
    url: server.url,
    test,
    tap,
    logged,
    async [Symbol.asyncDispose]() {
      await server.close();
      await auth.close();
      await tap[Symbol.asyncDispose]();
      await test[Symbol.asyncDispose]();
    },
  };
}
