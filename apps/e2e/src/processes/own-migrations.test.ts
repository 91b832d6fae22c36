import { expect, test } from "vitest";
import { createInstallation } from "./installation.ts";

/** Longer than a call may be silent. */
const config = `
export default {
  migrations: {
    schema: "shop",
    all: {
      "0001-orders": "create table shop.orders (id int); select pg_sleep(3)",
      "0002-one": ({ query }) => query("insert into shop.orders select 1 from pg_sleep(3)"),
    },
  },
};`;

test("migrations of a team's own take as long as they take, another process waits for them, and the command says which ran", async () => {
  await using installation = await createInstallation({ MIGRATE: "auto" }, { isOnTestServer: true });
  await installation.writeFile("latchkey.config.mjs", config);
  const outcomes = await Promise.all([1, 2].map(() => installation.run(["migrate", "--json"])));
  for (const outcome of outcomes) expect(outcome).toMatchObject({ code: 0, stderr: "" });
  const answers = outcomes.map(({ stdout }) => JSON.parse(stdout));
  expect(answers).toEqual(expect.arrayContaining([{ ran: [], ranOwn: [] }]));
  expect(answers).toEqual(expect.arrayContaining([{ ran: [], ranOwn: ["0001-orders", "0002-one"] }]));
  expect(await installation.query("select id from shop.orders")).toEqual([{ id: 1 }]);
});
