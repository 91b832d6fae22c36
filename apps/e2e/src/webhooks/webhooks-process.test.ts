import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createTestDatabase } from "@latchkey/auth/testing";
import { expect, it } from "vitest";
import { createUser, signIn } from "../processes/accounts-by-cli.ts";
import { toDatabaseUrl } from "../processes/external-database.ts";
import { createInstallation } from "../processes/installation.ts";
import { startReceiver, take } from "./receiver.ts";

const secret = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;

it("a service that is killed between what happened and the telling of it loses nothing, and `webhooks` says how it stands", {
  tags: ["long"],
}, async () => {
  await using receiver = await startReceiver();
  await using database = await createTestDatabase();
  await using installation = await createInstallation({
    DATABASE_URL: toDatabaseUrl(database.connection),
    LATCHKEY_SECRET: "3q2-7wABiV9kYx0dT5nPzQ8mL4sR6uHcJ1gEfWoXyZs",
    WEBHOOKS: receiver.url,
    WEBHOOK_SECRET: secret,
  });
  receiver.answer = () => {};
  const service = await installation.start();
  // What a command does is told by the service.
  await createUser(installation, "--username", "alice");
  await expect.poll(() => receiver.received.length, { timeout: 20_000 }).toBe(1);
  await service.stop("SIGKILL");

  const listed = await installation.run(["webhooks"]);
  expect(listed).toMatchObject({ code: 0, stderr: "" });
  expect(listed.stdout).toContain(`${receiver.url}: 0 delivered in seven days, 1 waiting since`);
  expect(listed.stdout).not.toContain("whsec_");
  receiver.answer = take;
  await database.query(`create or replace function latchkey.now() returns timestamptz language sql stable parallel safe
    as $$ select pg_catalog.now() + interval '60 seconds' $$`);
  const next = await installation.start();
  await expect.poll(() => receiver.taken.length, { timeout: 20_000 }).toBe(1);
  expect(receiver.taken[0]?.headers["webhook-id"]).toBe(receiver.received[0]?.headers["webhook-id"]);
  expect(await signIn(next.url, "alice")).toMatchObject({ status: 200 });

  const id = String(receiver.taken[0]?.headers["webhook-id"]);
  expect(await installation.run(["webhooks", "--resend", id])).toMatchObject({ code: 0 });
  await expect.poll(() => receiver.taken.length, { timeout: 20_000 }).toBe(2);
});

const journal = `
import { appendFile } from "node:fs/promises";
let tries = 0;
export default {
  webhooks: {
    endpoints: {
      journal: async ({ id, body }) => {
        // The first try fails, as a queue may.
        if (++tries === 1) throw new Error("no queue");
        await appendFile(new URL("journal.jsonl", import.meta.url), JSON.stringify({ id, ...JSON.parse(body) }) + "\\n");
      },
    },
  },
};`;

it("an endpoint of the config file is told beside those of WEBHOOKS, again after it threw, and both are counted", {
  tags: ["long"],
}, async () => {
  await using receiver = await startReceiver();
  await using database = await createTestDatabase();
  await using installation = await createInstallation({
    DATABASE_URL: toDatabaseUrl(database.connection),
    WEBHOOKS: receiver.url,
    WEBHOOK_SECRET: secret,
    METRICS_PORT: "0",
  });
  await installation.writeFile("latchkey.config.mjs", journal);
  const service = await installation.start();
  await createUser(installation, "--username", "alice");
  await expect.poll(() => receiver.taken.length, { timeout: 20_000 }).toBe(1);
  await service.untilLogged("webhook not delivered; it is tried again");
  // The second try is due in some seconds, which the clock does not wait for.
  await database.query("update latchkey.webhook_events set due_at = latchkey.now() where due_at is not null");
  const read = () => readFile(join(installation.dataDir, "..", "journal.jsonl"), "utf8").catch(() => "");
  await expect.poll(read, { timeout: 20_000 }).toContain("user.created");
  expect(JSON.parse(await read())).toEqual({
    id: expect.stringMatching(/^[\w-]{36}$/),
    type: "user.created",
    timestamp: receiver.taken[0]?.event.timestamp,
    data: receiver.taken[0]?.event.data,
  });
  const { url } = await service.untilLogged("metrics");
  await expect
    .poll(async () => (await fetch(String(url))).text(), { timeout: 20_000 })
    .toContain('latchkey_webhook_deliveries_total{outcome="delivered"} 2\n');
  expect(await (await fetch(String(url))).text()).toContain('latchkey_webhook_deliveries_total{outcome="retried"} 1\n');
});

it("an endpoint of the config file may not have the name of one of WEBHOOKS", async () => {
  const settings = { WEBHOOKS: "https://shop.example/hooks", WEBHOOK_SECRET: secret };
  await using installation = await createInstallation(settings, { isOnTestServer: true });
  await installation.writeFile(
    "latchkey.config.mjs",
    'export default { webhooks: { endpoints: { "https://shop.example/hooks": async () => {} } } };',
  );
  const { code, stderr } = await installation.launch().outcome;
  expect(code).toBe(3);
  expect(stderr).toMatch(
    /latchkey\.config\.mjs: webhooks\.endpoints: https:\/\/shop\.example\/hooks is in WEBHOOKS too\n$/,
  );
});
