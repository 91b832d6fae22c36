import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { shareOut } from "@latchkey/auth/testing";
import { makeTemporaryFolder } from "@latchkey/embedded-postgres/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { call } from "../live-server.ts";
import { createEmptyDatabase, createMigratedDatabase, type OwnDatabase, queryOnce } from "./external-database.ts";
import { createInstallation, type Installation } from "./installation.ts";
import { until } from "./service-process.ts";

const zod = import.meta.resolve("zod");
const config = `
import { z } from "${zod}";
export default {
  profile: { nickname: z.string().max(10).nullable() },
  permissions: ["shop.order"],
  on: {
    async userCreated({ user, transaction }) {
      await transaction.query("insert into shop.customers (id, nickname) values ($1, $2)", [user.id, user.nickname]);
    },
  },
  migrations: {
    schema: "shop",
    all: { "0001-customers": "create table shop.customers (id uuid primary key references latchkey.users (id), nickname text)" },
  },
};`;

let folder: string;
let database: OwnDatabase;
let installation: Installation;
beforeAll(async () => {
  folder = await makeTemporaryFolder("latchkey-config-");
  database = await createMigratedDatabase();
  installation = await createInstallation({ DATABASE_URL: database.url }, { keepsCommandLine: true });
});
afterAll(async () => {
  await installation[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

async function write(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await mkdir(folder, { recursive: true });
  await writeFile(path, text);
  return path;
}

for (const { tags, cases } of shareOut(
  [
    ["throws", "throw new Error('no such\\n  shop')", "no such shop"],
    ["has no default export", "export const config = {}", "has no default export"],
    ["exports no object", "export default 7", "expected object"],
    ["misspells a part", "export default { permission: [] }", 'Unrecognized key: "permission"'],
    ["declares the core's own permission", "export default { permissions: ['auth.user'] }", "permissions.0 "],
    ["declares a field that cannot be stored", "export default { profile: { nickname: 7 } }", "nickname"],
    ["is no TypeScript", "export default {", ""],
  ],
  7,
))
  test.each(cases)(
    "a config file that %s stops the service and the command line in one line with its path",
    { tags },
    async (what, text, said) => {
      const path = await write(`${what.replaceAll(/\W/g, "-")}.config.ts`, text);
      for (const run of [
        installation.launch({ LATCHKEY_CONFIG: path }).outcome,
        installation.run(["list-users"], { variables: { LATCHKEY_CONFIG: path } }),
      ]) {
        const { code, stderr } = await run;
        expect({ code, lines: stderr.trim().split("\n").length }, stderr).toEqual({ code: 3, lines: 1 });
        expect(stderr).toContain(`latchkey: ${path}: `);
        expect(stderr).toContain(said);
      }
    },
  );

test("a config file that is named and not there is told, and not taken for none", async () => {
  const path = join(folder, "absent.config.ts");
  const { code, stderr } = await installation.run(["list-users"], { variables: { LATCHKEY_CONFIG: path } });
  expect([code, stderr]).toEqual([3, `latchkey: ${path}: LATCHKEY_CONFIG names this file, and it is not there\n`]);
});

test("fields, permissions, hooks and tables of a team's own are those of the service and the command line", async () => {
  const variables = { LATCHKEY_CONFIG: await write("latchkey.config.ts", config) };
  const { url, stop } = await installation.start(variables);
  const input = { username: "alice", password: "correct horse battery", nickname: "Ali" };
  const { body } = await call(url, "account.register", { input });
  expect(body.user).toMatchObject({ username: "alice", nickname: "Ali" });
  const changed = await call(url, "me.update", { token: body.token, input: { nickname: "x".repeat(11) } });
  expect(changed.body.data).toMatchObject({ reason: "invalid_input", issues: [{ path: ["nickname"] }] });
  const granted = await installation.run(["grant", "alice", "shop.add_order"], { variables });
  expect(granted.stdout).toBe("They now have: shop.add_order.\n");
  expect((await call(url, "me.permissions", { token: body.token })).body).toEqual(["shop.add_order"]);
  expect(await queryOnce({ connectionString: database.url }, "select nickname from shop.customers")).toEqual([
    { nickname: "Ali" },
  ]);
  await stop();
});

test("two workers have the same config file, whose tables are made once, and answer alike", {
  tags: ["long"],
}, async () => {
  const own = await createEmptyDatabase();
  await using workers = await createInstallation({ DATABASE_URL: own.url, WORKERS: "2" });
  const variables = { LATCHKEY_CONFIG: await write("workers.config.ts", config) };
  const service = await workers.start(variables);
  const listening = () => service.log().filter(({ msg }) => msg === "listening");
  await until(() => listening().length === 2);
  const input = { username: "bob", password: "correct horse battery", nickname: "Bobby" };
  const { body } = await call(service.url, "account.register", { input });
  // Each call is on a connection of its own, which the workers get in turn.
  const read = () => call(service.url, "me.get", { token: body.token, headers: { connection: "close" } });
  const answers = await Promise.all(Array.from({ length: 20 }, read));
  expect(new Set(answers.map(({ body }) => body.nickname))).toEqual(new Set(["Bobby"]));
  const answered = () => service.log().filter(({ msg, path }) => msg === "answered" && path === "/trpc/me.get");
  await until(() => answered().length === 20);
  expect(new Set(answered().map(({ worker }) => worker))).toEqual(new Set([1, 2]));
  expect(await service.stop()).toMatchObject({ code: 0 });
  await own[Symbol.asyncDispose]();
});
