import { expect, test } from "vitest";
import { openStorage } from "../../storage/database.ts";
import { createTestAuth } from "../../testing/index.ts";
import { readQueues } from "./read-queues.ts";

const day = 86_400;

test("events of an endpoint that no process names any more are no queue, and are given up by the hour", async () => {
  await using test = await createTestAuth();
  const { auth, clock, database } = test;
  const storage = openStorage(database.connection);
  await database.query("insert into latchkey.webhook_endpoints (name) values ('crm'), ('gone')");
  await database.query(`insert into latchkey.webhook_events (endpoint, user_id, type, data)
    select endpoint, gen_random_uuid(), 'user.created', '{}' from unnest(array['crm', 'gone', 'gone']) endpoint`);
  const webhooks = async () => (await readQueues(storage.db)).find(({ queue }) => queue === "webhooks");
  expect(await webhooks()).toMatchObject({ waiting: 3 });
  await clock.advance(2 * day);
  await database.query("update latchkey.webhook_endpoints set seen_at = latchkey.now() where name = 'crm'");
  expect(await webhooks()).toMatchObject({ waiting: 1 });
  await auth.purge();
  const report = await auth.reportWebhooks({ limit: 10 });
  expect(report.endpoints).toMatchObject([
    { endpoint: "crm", waiting: 1, failed: 0 },
    { endpoint: "gone", waiting: 0, failed: 2, lastFailure: "no process names this endpoint any more" },
  ]);
  await storage.close();
});
