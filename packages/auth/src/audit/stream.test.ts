import { afterEach, beforeEach, expect, test } from "vitest";
import type { Auth } from "../auth.ts";
import { createTestAuth, type TestAuth } from "../testing/index.ts";
import type { StreamedEvent } from "./stream.ts";

const password = "correct horse battery";

let service: TestAuth;
beforeEach(async () => {
  service = await createTestAuth();
});
afterEach(() => service[Symbol.asyncDispose]());

/** A process that tells another system, and what that was told. */
async function openTeller(deliver?: (events: readonly StreamedEvent[], told: StreamedEvent[]) => Promise<void>) {
  const told: StreamedEvent[] = [];
  const take = async (events: readonly StreamedEvent[]) => void told.push(...events);
  const auth = await service.another({
    auditStream: { name: "a test", deliver: (events) => (deliver ? deliver(events, told) : take(events)) },
  });
  return { auth, told };
}

const readAll = (after = "0") =>
  service.database.query("select id, event from latchkey.audit_events where position > $1 order by position", [after]);

const leaveEvents = async (auth: Auth, count: number) => {
  for (let index = 0; index < count; index += 1)
    await auth.signIn({ username: `nobody${index}`, password }, service.facts).catch(() => {});
};

const idsOf = (events: readonly object[]) => events.map((event) => (event as { id: string }).id);

test("every event is told once and in order, also those that others write", async () => {
  const { auth, told } = await openTeller();
  await leaveEvents(service.auth, 10);
  await service.database.query(
    "insert into latchkey.audit_events (id, event) select uuidv7(), 'signed_out' from generate_series(1, 110)",
  );
  await leaveEvents(auth, 3);
  await auth.sealAudit();
  await leaveEvents(auth, 2);
  await auth.sealAudit();
  expect(idsOf(told)).toEqual(idsOf(await readAll()));
  expect(told[0]).toMatchObject({ event: "sign_in_refused", address: "192.0.2.1", position: expect.any(String) });
});

test("what was there before the stream was turned on is not told, and everything since is", {
  tags: ["long"],
}, async () => {
  await leaveEvents(service.auth, 3);
  const before = await readAll();
  const { auth, told } = await openTeller();
  await leaveEvents(auth, 2);
  await auth.sealAudit();
  expect(idsOf(told)).toEqual(idsOf((await readAll()).slice(before.length)));
});

test("what could not be handed over comes again, and holds up what is after it", async () => {
  let isAway = true;
  const { auth, told } = await openTeller(async (events, all) => {
    if (isAway) throw new Error("away");
    all.push(...events);
  });
  await leaveEvents(auth, 2);
  await expect(auth.sealAudit()).rejects.toThrow("away");
  await leaveEvents(auth, 2);
  await expect(auth.sealAudit()).rejects.toThrow("away");
  expect(told).toEqual([]);
  isAway = false;
  await auth.sealAudit();
  expect(idsOf(told)).toEqual(idsOf(await readAll()));
});

test("a process that dies in the midst of telling loses nothing: another goes on from where it was", async () => {
  const begun = Promise.withResolvers<void>();
  const dying = await openTeller(() => {
    begun.resolve();
    return new Promise(() => {});
  });
  const next = await openTeller();
  await leaveEvents(service.auth, 3);
  const dead = dying.auth.sealAudit().catch(() => {});
  await begun.promise;
  // It may be alive, so that it is left alone for a while.
  await next.auth.sealAudit();
  expect(next.told).toEqual([]);
  await service.clock.advance(21);
  await next.auth.sealAudit();
  expect(idsOf(next.told)).toEqual(idsOf(await readAll()));
  void dead;
});

test("two processes tell each event once between them", { tags: ["long"] }, async () => {
  const [one, other] = [await openTeller(), await openTeller()];
  for (let round = 0; round < 5; round += 1) {
    await leaveEvents(service.auth, 4);
    await Promise.all([one.auth.sealAudit(), other.auth.sealAudit()]);
  }
  await one.auth.sealAudit();
  await other.auth.sealAudit();
  expect(idsOf([...one.told, ...other.told]).sort()).toEqual(idsOf(await readAll()).sort());
});

test("no event that is told holds a password, a name, a number or an e-mail address", async () => {
  const { auth, told } = await openTeller();
  const { facts } = service;
  await auth.createUser({ username: "kanarya", password, phoneNumber: "+905321239876", email: "kanarya@example.com" });
  await auth.signIn({ username: "kanarya", password }, facts);
  await auth.signIn({ username: "kanarya", password: "kanarya wrong" }, facts).catch(() => {});
  await auth.sealAudit();
  expect(told.map(({ event }) => event)).toEqual(["user_created", "signed_in", "sign_in_refused"]);
  expect(JSON.stringify(told)).not.toMatch(/kanar|1239876|correct horse/i);
});

test("a system that is far behind is told a part at a time, so that sealing goes on in between", {
  tags: ["long"],
}, async () => {
  const { auth, told } = await openTeller();
  await service.database.query(`insert into latchkey.audit_events (id, event)
    select uuidv7(), 'signed_out' from generate_series(1, 2500)`);
  await auth.sealAudit();
  expect(told).toHaveLength(2_000);
  await leaveEvents(auth, 1);
  expect(await auth.sealAudit()).toBe(1);
  expect(idsOf(told)).toEqual(idsOf(await readAll()));
});

test("nothing is written while nothing waits, also behind events that are gone", async () => {
  const { auth, told } = await openTeller();
  await leaveEvents(auth, 2);
  await auth.sealAudit();
  const rowOf = () =>
    service.database.query<{ xmin: string; reached: string }>(
      "select xmin::text, reached::text from latchkey.audit_streams where name = 'a test'",
    );
  const before = await rowOf();
  await auth.sealAudit();
  await auth.sealAudit();
  expect(await rowOf()).toEqual(before);

  const { auth: away } = await openTeller(async () => {
    throw new Error("away");
  });
  // By a core without a stream: the worker of the other would tell of it at once.
  await leaveEvents(service.auth, 1);
  await expect(away.sealAudit()).rejects.toThrow("away");
  await service.database.query("delete from latchkey.audit_events");
  await auth.sealAudit();
  const [after] = await rowOf();
  await auth.sealAudit();
  expect(await rowOf()).toEqual([after]);
  expect(told).toHaveLength(2);
});

test("a trail that cannot be sealed is told of, and what is sealed is told all the same", {
  tags: ["long"],
}, async () => {
  const failures: unknown[] = [];
  const told: StreamedEvent[] = [];
  const auth = await service.another({
    auditStream: { name: "another test", deliver: async (events) => void told.push(...events) },
    onAuditError: (error) => failures.push(error),
  });
  await leaveEvents(auth, 2);
  await service.auth.sealAudit();
  await leaveEvents(auth, 1);
  await service.database.query("alter table latchkey.audit_seals add constraint stuck check (false) not valid");
  await expect.poll(() => failures.length, { timeout: 20_000 }).toBeGreaterThan(0);
  await expect.poll(() => told.length, { timeout: 20_000 }).toBe(2);
});
