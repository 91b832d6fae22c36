import { expect, test } from "vitest";
import { createTestAuth } from "../../testing/index.ts";

const day = 86_400;
const password = "correct horse battery";

test("audit events are kept for as long as the options say, to the second, by the database's clock", async () => {
  await using test = await createTestAuth({ auditRetention: 10 * day });
  const { auth, clock, database } = test;
  const readEvents = async () => (await database.query("select event from latchkey.audit_events")).length;
  await auth.createUser({ username: "alice", password });
  await database.query("update latchkey.audit_events set occurred_at = latchkey.now()");
  await clock.advance(5 * day);
  await auth.createUser({ username: "bob", password });
  const [{ passed = 0 } = {}] = await database.query<{ passed: number }>(
    "select extract(epoch from latchkey.now() - min(occurred_at))::float8 as passed from latchkey.audit_events",
  );
  await clock.advance(5 * day - Math.ceil(passed - 5 * day) - 60);
  expect(await auth.purge()).toMatchObject({ auditEvents: 0 });
  await clock.advance(61);
  expect(await auth.purge()).toMatchObject({ auditEvents: 1 });
  expect(await readEvents()).toBe(1);
  await clock.advance(5 * day);
  expect(await auth.purge()).toMatchObject({ auditEvents: 1 });
  expect(await readEvents()).toBe(0);
});

test("more than one batch goes in one purge, and two processes share the work", async () => {
  await using test = await createTestAuth({ auditRetention: 10 * day });
  await test.database.query(`insert into latchkey.audit_events (id, event, occurred_at)
    select uuidv7(), 'signed_out', latchkey.now() - interval '11 days' from generate_series(1, 1200)`);
  const processes = [test.auth, await test.another()];
  const purged = await Promise.all(processes.map((auth) => auth.purge()));
  expect(purged.reduce((sum, { auditEvents }) => sum + auditEvents, 0)).toBe(1_200);
});
