import { createLog } from "@latchkey/api/log";
import { startServer } from "@latchkey/api/server";
import { afterAll, beforeAll, expect, test } from "vitest";
import { call, type LiveServer, startLiveServer } from "../live-server.ts";
import { createPerson, type Person } from "./accounts-in-core.ts";
import { listenToStatements } from "./statements.ts";

let live: LiveServer;
let clerk: Person;
/** What the service had PostgreSQL run, in order. */
const statements: string[] = [];

beforeAll(async () => {
  live = await startLiveServer();
  clerk = await createPerson(live.test, { permissions: ["auth.view_group", "auth.view_auditevent"] });
});
afterAll(() => live[Symbol.asyncDispose]());

/** The service once more, on a core whose statements are listened to. */
async function startListenedServer(): Promise<{ url: string } & AsyncDisposable> {
  const auth = await live.test.another();
  listenToStatements(auth, ({ text }) => statements.push(text));
  // Connections from before are not listened to, so they are kept busy.
  const busy = await Promise.all(Array.from({ length: auth.pool.totalCount }, () => auth.pool.connect()));
  const log = createLog("info", { write: () => {} });
  const server = await startServer({ auth, log, host: "127.0.0.1", port: 0 });
  const close = async () => {
    for (const client of busy) client.release();
    await server.close();
  };
  return { url: server.url, [Symbol.asyncDispose]: close };
}

const permissionQueries = () =>
  statements.filter((text) => text.includes("from latchkey.user_permissions where user_id = any("));

test("20 calls of one batch that each need a permission share one query for the session and one for the permissions", async () => {
  await using server = await startListenedServer();
  const names = Array.from({ length: 20 }, (_, index) => (index % 2 ? "groups.list" : "audit.list"));
  const response = await fetch(`${server.url}/trpc/${names.join(",")}?batch=1`, {
    headers: { authorization: `Bearer ${clerk.token}` },
  });
  expect(response.status).toBe(200);
  expect(await response.json()).toHaveLength(20);
  expect(permissionQueries()).toHaveLength(1);
  expect(statements.filter((text) => text.includes("unnest(given.session_ids, given.kids)"))).toHaveLength(1);

  // What was read is not kept: the next call asks anew.
  expect((await call(server.url, "groups.list", { token: clerk.token })).status).toBe(200);
  expect(permissionQueries()).toHaveLength(2);
});
