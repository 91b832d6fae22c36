import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { type Auth, createAuth, isStorageUnavailable } from "@latchkey/auth";
import { createTestDatabase, quick, type TestDatabase } from "@latchkey/auth/testing";
import { afterAll, beforeAll, expect, test } from "vitest";

// Those who waited for one session or address were told that the database is away one after the other, each after as long again.

const facts = { requestId: null, address: "192.0.2.1", userAgent: "test" };
const password = "correct horse battery";
/** How many come at once. Any two of them one after the other would take longer than all of them may. */
const crowd = 40;

interface SilentProxy extends AsyncDisposable {
  readonly port: number;
  silence(): void;
}

/** A way to a database on which nothing is passed any more once it is told so, while connections stay open. */
async function openWay({ host, port }: TestDatabase["connection"]): Promise<SilentProxy> {
  const sockets = new Set<Socket>();
  let isSilent = false;
  const server = createServer((socket) => {
    const there = connect(Number(port), host ?? "127.0.0.1");
    for (const one of [socket, there]) sockets.add(one.on("error", () => {}));
    if (isSilent) return;
    socket.pipe(there);
    there.pipe(socket);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    silence() {
      isSilent = true;
      for (const socket of sockets) socket.unpipe().pause();
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

let database: TestDatabase;
let way: SilentProxy;
let auth: Auth;
let refreshToken: string;

beforeAll(async () => {
  database = await createTestDatabase();
  way = await openWay(database.connection);
  const times = { connectionTimeoutMillis: 500, statement_timeout: 500 };
  auth = createAuth({ ...database.connection, host: "127.0.0.1", port: way.port, ...times }, { ...quick });
  await auth.initialize();
  await auth.createUser({ username: "alice", password });
  ({ refreshToken } = await auth.signIn({ username: "alice", password }, facts));
  way.silence();
});
afterAll(async () => {
  await way?.[Symbol.asyncDispose]();
  await auth?.close();
  await database?.[Symbol.asyncDispose]();
});

test.each<[what: string, act: () => Promise<unknown>]>([
  ["exchange one refresh token", () => auth.refresh(refreshToken, facts)],
  ["sign out with it", () => auth.signOut(refreshToken, facts)],
  ["sign in from one address", () => auth.signIn({ username: "alice", password }, facts)],
])("while the database is silent, all who %s at once are told so together", async (_what, act) => {
  const startedAt = performance.now();
  const outcomes = await Promise.allSettled(Array.from({ length: crowd }, act));
  expect(outcomes.map((outcome) => outcome.status === "rejected" && isStorageUnavailable(outcome.reason))).toEqual(
    Array(crowd).fill(true),
  );
  expect(performance.now() - startedAt).toBeLessThan(5_000);
});
