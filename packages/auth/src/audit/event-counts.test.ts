import { expect, test } from "vitest";
import { createTestAuth, type TestAuth } from "../testing/index.ts";

const names = ["signed_in", "sign_in_failed", "message_refused"];

/** Notes so many events in each of the last minutes. */
const addHistory = ({ database }: TestAuth, { minutes, each }: { readonly minutes: number; readonly each: number }) =>
  database.query(
    `insert into latchkey.audit_events (id, occurred_at, event, address)
      select gen_random_uuid(), latchkey.now() - make_interval(mins => minute), ($2::text[])[1 + (minute * 7 + nth) % 3], '192.0.2.1'
      from generate_series(0, $1::int - 1) minute, generate_series(1, $3) nth`,
    [minutes, names, each],
  );

/** The same by one look at everything. */
async function countAll({ database }: TestAuth) {
  const hours = await database.query(`
    select date_trunc('hour', occurred_at, 'UTC') as hour, event, count(*)::float8 as count from latchkey.audit_events
    where occurred_at >= date_trunc('hour', latchkey.now(), 'UTC') - interval '23 hours'
    group by 1, 2 order by 1, event collate "C"`);
  const lastHour = await database.query(`
    select to_timestamp(floor(extract(epoch from occurred_at) / 300) * 300) as "from", event, count(*)::float8 as count
    from latchkey.audit_events where occurred_at >= latchkey.now() - interval '1 hour' group by 1, 2 order by 1, event collate "C"`);
  return { hours, lastHour };
}

async function look({ auth }: TestAuth) {
  const { events, lastHour } = await auth.readServiceOverview();
  return { hours: events, lastHour: lastHour.events };
}

test("each hour and each five minutes are counted as one look at everything counts them, at every look, with what comes to be and goes meanwhile", async () => {
  await using service = await createTestAuth();
  const { clock } = service;
  await addHistory(service, { minutes: 1_800, each: 4 });
  expect(await look(service)).toEqual(await countAll(service));
  expect((await look(service)).hours.length).toBeGreaterThan(60);
  for (const seconds of [1, 299, 300, 777, 3_599, 3_600, 40_000, 90_000]) {
    await clock.advance(seconds);
    await addHistory(service, { minutes: 6, each: 3 });
    expect([seconds, await look(service)]).toEqual([seconds, await countAll(service)]);
  }
});

test("at the turn of five minutes what happened an hour ago is counted once", async () => {
  await using service = await createTestAuth();
  await service.database.query(`create or replace function latchkey.now() returns timestamptz language sql stable parallel safe
    as $$ select timestamptz '2026-11-27 10:50:00+00' $$`);
  await addHistory(service, { minutes: 70, each: 2 });
  expect(await look(service)).toEqual(await countAll(service));
});

test("after the clock was set back, what happens then is counted", async () => {
  await using service = await createTestAuth();
  await addHistory(service, { minutes: 180, each: 2 });
  await look(service);
  await service.clock.advance(-5_000);
  await service.database.query("delete from latchkey.audit_events where occurred_at > latchkey.now()");
  await addHistory(service, { minutes: 60, each: 2 });
  expect(await look(service)).toEqual(await countAll(service));
});

test("of what is over nothing is read again at the next look", async () => {
  await using service = await createTestAuth();
  const { database } = service;
  await addHistory(service, { minutes: 1_440, each: 10 });
  const before = await look(service);
  const isOver = "occurred_at < latchkey.now() - interval '80 minutes'";
  const gone = await database.query(`delete from latchkey.audit_events where ${isOver} returning 1`);
  expect(gone.length).toBeGreaterThan(13_000);
  const after = await look(service);
  expect(after.hours).toEqual(before.hours);
});
