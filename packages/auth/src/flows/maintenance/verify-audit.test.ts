import pg from "pg";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createTestAuth, shareOut, type TestAuth, testSecret } from "../../testing/index.ts";

const password = "correct horse battery";
const day = 86_400;

let service: TestAuth;
beforeEach(async () => {
  service = await createTestAuth({ auditRetention: 30 * day });
});
afterEach(() => service[Symbol.asyncDispose]());

const query = (text: string, values?: readonly unknown[]) => service.database.query(text, values);
const verify = () => service.auth.verifyAudit();

/** People with a sign-in each, sealed by so many at a time. */
async function fill(people: number, perSeal = people): Promise<string[]> {
  const { auth, facts } = service;
  const ids: string[] = [];
  for (let person = 0; person < people; person += 1) {
    const { id } = await auth.createUser({ username: `person${person}`, password });
    await auth.signIn({ username: `person${person}`, password }, facts);
    ids.push(id);
    if (ids.length % perSeal === 0) await auth.sealAudit();
  }
  await auth.sealAudit();
  return ids;
}

const positionOf = async (event: string, offset = 0) => {
  const [row] = await query(
    `select position::text from latchkey.audit_events where event = $1 order by position offset ${offset} limit 1`,
    [event],
  );
  return String(row?.position);
};

test("a trail that was not touched is intact, and every event has a seal", async () => {
  await fill(3, 1);
  const [{ count } = {}] = await query("select count(*)::int from latchkey.audit_events");
  expect(await verify()).toMatchObject({
    verdict: "intact",
    events: count,
    seals: 3,
    unsealed: 0,
    erased: 0,
    expired: 0,
    broken: null,
    head: expect.stringMatching(/^3:[0-9a-f]{64}$/),
  });
});

describe("it is found, with its seal and its position, when", () => {
  for (const { tags, cases } of shareOut(
    [
      ["what happened", "event = 'signed_out'"],
      ["who did it", "actor_id = gen_random_uuid()"],
      ["whom it is about", "subject_id = null"],
      ["when it happened", "occurred_at = occurred_at + interval '1 microsecond'"],
      ["where it came from", "address = '192.0.2.99'"],
      ["in which request", "request_id = 'another'"],
      ["a detail", `detail = detail || '{"identifier": "phone"}'`],
      ["the device", `detail = detail || '{"device": "another"}'`],
      ["its id", "id = gen_random_uuid()"],
    ],
    9,
  ))
    test.each(cases)("somebody changed %s of an event", { tags }, async (_, change) => {
      await fill(3, 1);
      const position = await positionOf("signed_in", 1);
      await query(`update latchkey.audit_events set ${change} where position = $1`, [position]);
      expect(await verify()).toMatchObject({
        verdict: "broken",
        broken: { fault: "event_changed", seal: "2", positions: [position] },
      });
    });

  test("somebody removed an event", async () => {
    await fill(3, 1);
    const position = await positionOf("signed_in", 2);
    await query("delete from latchkey.audit_events where position = $1", [position]);
    expect(await verify()).toMatchObject({ broken: { fault: "event_removed", seal: "3", positions: [position] } });
  });

  test("somebody put an event where none was", { tags: ["long"] }, async () => {
    await fill(1);
    // A transaction that was given up leaves such a place.
    const [row] = await query(
      "select nextval(pg_get_serial_sequence('latchkey.audit_events', 'position'))::text as skipped",
    );
    const skipped = String(row?.skipped);
    await service.auth.createUser({ username: "next", password });
    await service.auth.sealAudit();
    await query(
      "insert into latchkey.audit_events (id, event, position) overriding system value values (gen_random_uuid(), 'signed_out', $1)",
      [skipped],
    );
    expect(await verify()).toMatchObject({ broken: { fault: "event_inserted", seal: "2", positions: [skipped] } });
  });

  test("somebody took the address out of an event of a person who is there", { tags: ["long"] }, async () => {
    const [first] = await fill(2, 1);
    await query("update latchkey.audit_events set address = null, detail = detail - 'device' where subject_id = $1", [
      first,
    ]);
    expect(await verify()).toMatchObject({ broken: { fault: "event_erased", seal: "1" } });
  });

  for (const { tags, cases } of shareOut(
    [
      ["changed", "update latchkey.audit_seals set last_position = last_position + 1 where number = 2", "seal_changed"],
      [
        "moved in time",
        "update latchkey.audit_seals set sealed_at = sealed_at + interval '1 s' where number = 2",
        "seal_changed",
      ],
      [
        "given other entries",
        "update latchkey.audit_seals set entries = entries || '\\x00' where number = 2",
        "seal_changed",
      ],
      ["removed in the middle", "delete from latchkey.audit_seals where number = 2", "seal_missing"],
      ["removed at the beginning", "delete from latchkey.audit_seals where number = 1", "seal_missing"],
    ],
    5,
  ))
    test.each(cases)("a seal was %s", { tags }, async (_, change, fault) => {
      await fill(3, 1);
      await query(change);
      const { broken } = await verify();
      // Of what has no seal any more, the events that are there are too many.
      expect([fault, "event_inserted"]).toContain(broken?.fault);
    });

  test("somebody says with a seal of their own that events were too old", { tags: ["long"] }, async () => {
    await fill(3, 1);
    await query(`insert into latchkey.audit_seals
      select number + 1, 'retention', last_position + 1, last_position, 0, '', null, latchkey.now(), number + 1, key_id, mac,
        decode(repeat('00', 32), 'hex'), sealed_at from latchkey.audit_seals order by number desc limit 1`);
    await query("delete from latchkey.audit_events where position = $1", [await positionOf("signed_in", 2)]);
    expect(await verify()).toMatchObject({ verdict: "broken", broken: { fault: "seal_changed", seal: "4" } });
  });

  test("the newest events were cut off with their seals, by who has kept a head", async () => {
    await fill(3, 1);
    const { head } = await verify();
    await query("delete from latchkey.audit_seals where number = 3");
    const { rows } = {
      rows: await query("select last_position::text as last from latchkey.audit_seals where number = 2"),
    };
    await query("delete from latchkey.audit_events where position > $1", [rows[0]?.last]);
    expect(await verify()).toMatchObject({ verdict: "intact" });
    expect(await service.auth.verifyAudit({ expectedHead: head ?? "" })).toMatchObject({
      verdict: "broken",
      broken: { fault: "seal_missing", seal: "3" },
    });
  });
});

test("it stays intact when a person is deleted, and their addresses with them", { tags: ["long"] }, async () => {
  await fill(3, 1);
  await service.auth.operator.delete("person1");
  expect(await verify()).toMatchObject({ verdict: "intact", erased: 1 });
});

test("it stays intact, from a seal on that says so, when old events are deleted", { tags: ["long"] }, async () => {
  await fill(2, 1);
  await service.clock.advance(31 * day);
  const { id } = await service.auth.createUser({ username: "late", password });
  await service.auth.sealAudit();
  const purged = await service.auth.purge();
  expect(purged.auditEvents).toBeGreaterThanOrEqual(4);
  const verification = await verify();
  expect(verification).toMatchObject({ verdict: "intact", unsealed: 0, broken: null });
  // The seals of what is gone are gone too.
  expect(verification.seals).toBe(2);

  await query("delete from latchkey.audit_events where subject_id = $1", [id]);
  expect(await verify()).toMatchObject({ verdict: "broken", broken: { fault: "event_removed" } });
});

test("what was deleted in the midst of a range is told apart from what was removed", { tags: ["long"] }, async () => {
  const { auth, clock } = service;
  await auth.createUser({ username: "old", password });
  await clock.advance(20 * day);
  await auth.createUser({ username: "young", password });
  await auth.sealAudit();
  await clock.advance(11 * day);
  expect((await auth.purge()).auditEvents).toBe(1);
  expect(await verify()).toMatchObject({ verdict: "intact", expired: 1 });
});

test("an event is not sealed while a transaction is open that may bring one before it", async () => {
  const { auth, database } = service;
  await fill(1);
  const client = new pg.Client(database.connection);
  await client.connect();
  try {
    await client.query("begin");
    await client.query("insert into latchkey.audit_events (id, event) values (gen_random_uuid(), 'signed_out')");
    await auth.createUser({ username: "between", password });
    expect(await auth.sealAudit()).toBe(0);
    await client.query("commit");
    expect(await auth.sealAudit()).toBe(2);
  } finally {
    await client.end();
  }
  expect(await verify()).toMatchObject({ verdict: "intact", unsealed: 0 });
});

test("writers beside sealers of two processes leave no event out and none twice", async () => {
  const { auth, facts } = service;
  const other = await service.another();
  await fill(1);
  let isWriting = true;
  const seal = async (by: typeof auth) => {
    while (isWriting) await by.sealAudit();
  };
  const sealing = [seal(auth), seal(other)];
  await Promise.all(
    Array.from({ length: 20 }, () =>
      auth.signIn({ username: "person0", password: "wrong horse" }, facts).catch(() => {}),
    ),
  );
  isWriting = false;
  await Promise.all(sealing);
  // The last seals may have begun before the last event was there; what one of them left out, this one finds no more.
  await auth.sealAudit();
  const verification = await verify();
  const [{ count } = {}] = await query("select count(*)::int from latchkey.audit_events");
  expect(verification).toMatchObject({ verdict: "intact", unsealed: 0, events: count });
});

test("another secret brings another key, and seals of before are verified with theirs", async () => {
  await fill(1);
  const nextSecret = "Zk3vR9qLw7TnXc2Yb8HsJd5GfMp4Ua6EkQ1";
  const next = await service.another({ secret: [nextSecret, testSecret] });
  await next.reseal({ compromised: true });
  await next.sealAudit();
  const keys = await query("select distinct key_id from latchkey.audit_seals");
  expect(keys).toHaveLength(2);
  const alone = await service.another({ secret: nextSecret });
  expect(await alone.verifyAudit()).toMatchObject({ verdict: "intact", unknownSeals: 0 });
});

test("of what was sealed with a key that is lost nothing is claimed", { tags: ["long"] }, async () => {
  await fill(1);
  await query("delete from latchkey.secret_keys where purpose = 'audit-seals'");
  const other = await service.another();
  await other.sealAudit();
  expect(await other.verifyAudit()).toMatchObject({ verdict: "unknown", unknownSeals: 1, broken: null });
});
