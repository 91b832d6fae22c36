import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestAuth, type TestAuth } from "../testing/index.ts";
import { denialsWritten, denialWindow } from "./denials.ts";

let service: TestAuth;
beforeAll(async () => {
  service = await createTestAuth();
});
afterAll(() => service[Symbol.asyncDispose]());

interface Left {
  readonly event: string;
  readonly actor: string;
  readonly detail: { readonly calls?: number; readonly procedures?: readonly string[] };
}

const readLeft = (actorId: string) =>
  service.database.query<Left & object>(
    "select event, detail from latchkey.audit_events where actor_id = $1 order by position",
    [actorId],
  );

const createPerson = async (username: string) =>
  service.auth.createUser({ username, password: "correct horse battery" });

test("a flood of refusals leaves a bounded number of events, and not one refusal uncounted", async () => {
  const { auth, facts, clock } = service;
  const person = await createPerson("flooder");
  const calls = 1_000;
  const deny = (index: number) =>
    auth.recordDenial(person, { procedure: index % 2 ? "users.get" : "groups.get" }, facts);
  await Promise.all(Array.from({ length: calls }, (_, index) => deny(index)));
  expect(await readLeft(person.id)).toHaveLength(denialsWritten);

  await auth.sealAudit();
  expect(await readLeft(person.id)).toHaveLength(denialsWritten);
  await clock.advance(denialWindow);
  await auth.sealAudit();

  const left = await readLeft(person.id);
  expect(left).toHaveLength(denialsWritten + 1);
  expect(left.at(-1)).toMatchObject({
    event: "denials_counted",
    detail: { calls: calls - denialsWritten, procedures: ["groups.get", "users.get"] },
  });
});

test("the next refusal after the time writes what was counted before it", async () => {
  const { auth, facts, clock } = service;
  const person = await createPerson("returner");
  const deny = () => auth.recordDenial(person, { procedure: "users.list" }, facts);
  for (let time = 0; time < denialsWritten + 5; time += 1) await deny();
  await clock.advance(denialWindow);
  await deny();
  const events = (await readLeft(person.id)).slice(denialsWritten).map(({ event, detail }) => [event, detail.calls]);
  expect(events).toEqual([
    ["denials_counted", 5],
    ["permission_denied", undefined],
  ]);
});

test("refusals of one person take nothing from what is written of another", async () => {
  const { auth, facts } = service;
  const [loud, quiet] = [await createPerson("loud"), await createPerson("quiet")];
  for (let time = 0; time < 100; time += 1) await auth.recordDenial(loud, { procedure: "users.list" }, facts);
  await auth.recordDenial(quiet, { procedure: "users.get", target: loud.id }, facts);
  expect(await readLeft(quiet.id)).toMatchObject([
    { event: "permission_denied", detail: { procedure: "users.get", target: loud.id } },
  ]);
});

test("a process that stops writes what it has counted", async () => {
  const { facts } = service;
  const other = await service.another();
  const person = await createPerson("last");
  for (let time = 0; time < denialsWritten + 3; time += 1)
    await other.recordDenial(person, { procedure: "users.list" }, facts);
  await other.close();
  expect((await readLeft(person.id)).at(-1)).toMatchObject({ event: "denials_counted", detail: { calls: 3 } });
});

test("what was counted of somebody who is deleted before it is written has no address", async () => {
  const { auth, facts, clock, database } = service;
  const person = await createPerson("leaver");
  for (let time = 0; time < denialsWritten + 4; time += 1)
    await auth.recordDenial(person, { procedure: "users.list" }, facts);
  await auth.operator.delete("leaver");
  await clock.advance(denialWindow);
  await auth.sealAudit();
  expect((await readLeft(person.id)).at(-1)).toMatchObject({ event: "denials_counted", detail: { calls: 4 } });
  const withAddress = "select event from latchkey.audit_events where actor_id = $1 and address is not null";
  expect(await database.query(withAddress, [person.id])).toEqual([]);
});

test("what cannot be written of one person keeps nobody else's from being written, and is written later", async () => {
  const { auth, facts, clock, database } = service;
  const people = [await createPerson("stuck"), await createPerson("waiting")];
  for (const person of people)
    for (let time = 0; time < denialsWritten + 2; time += 1)
      await auth.recordDenial(person, { procedure: "users.list" }, facts);
  await clock.advance(denialWindow);
  const [stuck, waiting] = people;
  await database.query(`create function latchkey.stick() returns trigger language plpgsql
    as $$ begin raise exception 'stuck'; end $$`);
  await database.query(`create trigger stick before insert on latchkey.audit_events
    for each row when (new.actor_id = '${stuck?.id}') execute function latchkey.stick()`);
  await expect(auth.sealAudit()).rejects.toThrow("stuck");
  expect((await readLeft(waiting?.id ?? "")).at(-1)).toMatchObject({ event: "denials_counted", detail: { calls: 2 } });
  await database.query("drop trigger stick on latchkey.audit_events");
  await auth.sealAudit();
  expect((await readLeft(stuck?.id ?? "")).at(-1)).toMatchObject({ event: "denials_counted", detail: { calls: 2 } });
});
