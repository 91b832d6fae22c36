import { createTestDatabase } from "@latchkey/auth/testing";
import { expect, it } from "vitest";
import { createUser, signIn } from "../processes/accounts-by-cli.ts";
import { toDatabaseUrl } from "../processes/external-database.ts";
import { createInstallation } from "../processes/installation.ts";
import { startReceiver, take } from "./receiver.ts";

const secret = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;

it("a service that is killed between what happened and the telling of it loses nothing, and `webhooks` says how it stands", async () => {
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
