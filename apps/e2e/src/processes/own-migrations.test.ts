import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
import pg from "pg";
import { expect, test } from "vitest";
import { createMigratedDatabase, queryOnce } from "./external-database.ts";
import { createInstallation } from "./installation.ts";

/** Longer than a call may be silent. */
const config = `
export default {
  migrations: {
    schema: "shop",
    all: {
      "0001-orders": "create table shop.orders (id int); select pg_sleep(2.5)",
      "0002-one": ({ query }) => query("insert into shop.orders select 1 from pg_sleep(2.5)"),
    },
  },
};`;

test("migrations of a team's own take as long as they take, another process waits for them, and the command says which ran", async () => {
  await using installation = await createInstallation({ MIGRATE: "auto" }, { isOnTestServer: true });
  await installation.writeFile("latchkey.config.mjs", config);
  const outcomes = await Promise.all([1, 2].map(() => installation.run(["migrate", "--json"])));
  for (const outcome of outcomes) expect(outcome).toMatchObject({ code: 0, stderr: "" });
  const answers = outcomes.map(({ stdout }) => JSON.parse(stdout));
  expect(answers).toEqual(expect.arrayContaining([{ ran: [], ranOwn: [], missing: [] }]));
  expect(answers).toEqual(expect.arrayContaining([{ ran: [], ranOwn: ["0001-orders", "0002-one"], missing: [] }]));
  expect(await installation.query("select id from shop.orders")).toEqual([{ id: 1 }]);
});

test("a command that does not find the config file makes no backup that lacks a team's tables, unless told that it is meant", async () => {
  await using installation = await createInstallation(
    { MIGRATE: "auto" },
    { isOnTestServer: true, keepsCommandLine: true },
  );
  const tables = `{ schema: "shop", all: { "0001-orders": "create table shop.orders (id int)" } }`;
  await installation.writeFile("latchkey.config.mjs", `export default { migrations: ${tables} };`);
  expect(await installation.run(["migrate"])).toMatchObject({ code: 0, stdout: "Ran 0001-orders.\n" });
  const folder = join(installation.dataDir, "..");
  const config = join(folder, "latchkey.config.mjs");
  const whole = await installation.run(["backup", "whole.backup", "--json"]);
  expect(JSON.parse(whole.stdout)).toMatchObject({ configFile: config });

  await rm(config);
  await installation.query("create schema crm; create table crm.notes (owner uuid references latchkey.users (id))");
  expect(await installation.run(["backup", "less.backup"])).toEqual({
    code: 3,
    signal: null,
    stdout: "",
    stderr:
      "latchkey: The schema crm, shop has tables that refer to people, and no config file was found that declares it: a backup is without it. Name the config file that does in LATCHKEY_CONFIG, or back the schema up otherwise and say --leave-out for it.\n",
  });
  await expect(stat(join(folder, "less.backup"))).rejects.toThrow("ENOENT");
  const meant = ["backup", "less.backup", "--leave-out", "crm", "--leave-out", "shop"];
  expect(await installation.run(meant)).toMatchObject({ code: 0, stdout: expect.stringContaining("(no config file)") });
});

test("migrate says which indexes it could not build behind a pooler or a long transaction, and builds them after it", {
  tags: ["long"],
}, async () => {
  await using database = await createMigratedDatabase();
  await using installation = await createInstallation(
    { DATABASE_URL: database.url, LATCHKEY_SECRET: "3q2-7wABiV9kYx0dT5nPzQ8mL4sR6uHcJ1gEfWoXyZs" },
    { keepsCommandLine: true },
  );
  await queryOnce({ connectionString: database.url }, "drop index latchkey.users_parked");
  const long = new pg.Client({ connectionString: database.url });
  long.on("error", () => {});
  await long.connect();
  // As one environment for all processes has it, behind a pooler that needs it.
  expect(await installation.run(["migrate"], { variables: { PREPARED_STATEMENTS: "off" } })).toMatchObject({
    code: 4,
    stdout: expect.stringContaining("Run it with PREPARED_STATEMENTS=on"),
  });
  await long.query("begin isolation level repeatable read");
  await long.query("update latchkey.users set parked_at = null");
  expect(await installation.run(["migrate", "--wait", "0"])).toMatchObject({
    code: 4,
    stderr: "",
    stdout: expect.stringContaining("The indexes users_parked are still missing"),
  });
  await long.query("rollback");
  await long.end();
  const { code, stdout } = await installation.run(["migrate", "--json"]);
  expect([code, JSON.parse(stdout)]).toEqual([0, { ran: [], ranOwn: [], missing: [] }]);
});
