import { testSecret } from "@latchkey/auth/testing";
import { createLatchkey } from "@latchkey/server";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { call } from "../live-server.ts";
import { createMigratedDatabase, type OwnDatabase } from "../processes/external-database.ts";
import { createInstallation, type Installation } from "../processes/installation.ts";

const declared = { permissions: ["shop.order"], profile: { nickname: z.string().max(80).nullable() } };
const config = `
import { z } from "${import.meta.resolve("zod")}";
export default { permissions: ["shop.order"], profile: { nickname: z.string().max(80).nullable() } };`;
const alice = { username: "alice", password: "correct horse battery" };

let database: OwnDatabase;
let service: Installation;
let url: string;
let host: Awaited<ReturnType<typeof mount>>;
beforeAll(async () => {
  database = await createMigratedDatabase();
  service = await createInstallation({ DATABASE_URL: database.url, LATCHKEY_SECRET: testSecret });
  await service.writeFile("latchkey.config.mjs", config);
  ({ url } = await service.start());
  host = await mount(testSecret);
});
afterAll(async () => {
  await host?.stop();
  await service?.[Symbol.asyncDispose]();
  await database?.[Symbol.asyncDispose]();
});

/** Latchkey in a team's own process, on the database of a service that runs. */
const mount = (secret: string) =>
  createLatchkey({ ...declared, database: { connectionString: database.url }, secret, passwords: { cost: 4 } });

/** Calls a procedure of the mounted host. */
async function callHost(path: string, { token, input }: { token?: string; input?: unknown }) {
  const headers = new Headers({ "content-type": "application/json" });
  if (token) headers.set("authorization", `Bearer ${token}`);
  const init = input ? { method: "POST", body: JSON.stringify(input) } : {};
  const answer = await host.fetch(new Request(`http://host/trpc/${path}`, { ...init, headers }), {
    remoteAddress: "127.0.0.1",
  });
  const { result, error } = (await answer.json()) as { result?: { data: unknown }; error?: { data: unknown } };
  return result?.data ?? error?.data;
}

test("whoever registers at the host has a session at the service too, and one that the service ends is over at the host", async () => {
  const { token } = z
    .object({ token: z.string() })
    .parse(await callHost("account.register", { input: { ...alice, nickname: "Ali" } }));
  expect((await call(url, "me.get", { token })).body).toMatchObject({ username: "alice", nickname: "Ali" });
  const other = (await call(url, "token.obtain", { input: alice })).body;
  expect(await callHost("me.get", { token: other.token })).toMatchObject({ username: "alice", nickname: "Ali" });
  await host.auth.operator.grant("alice", { permission: "shop.add_order" });
  expect(await callHost("me.permissions", { token })).toEqual(["shop.add_order"]);
  await call(url, "token.revoke", { input: { refreshToken: other.refreshToken } });
  expect(await callHost("me.get", { token: other.token })).toMatchObject({ code: "UNAUTHORIZED" });
  expect(await callHost("me.get", { token })).toMatchObject({ username: "alice" });
});

test("the service brings what a host need not have: pages, and a command line that checks the database", {
  tags: ["long"],
}, async () => {
  const page = await fetch(`${url}/sign-in`);
  expect([page.status, page.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
  const { code, stdout } = await service.run(["doctor"]);
  expect([0, 1]).toContain(code);
  expect(stdout).toMatch(/database/i);
});

test("a host with another secret than the service's is refused at its start", { tags: ["long"] }, async () => {
  await expect(mount("another secret of more than thirty-two bytes")).rejects.toMatchObject({ name: "StartError" });
});
