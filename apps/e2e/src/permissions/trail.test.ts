import { randomUUID } from "node:crypto";
import { shareOut } from "@latchkey/auth/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { call, isAtRoot, type LiveServer, nameOf, startLiveServer } from "../live-server.ts";
import { createPerson, freshName, type Person } from "./accounts-in-core.ts";
import { ask, outcomeOf, procedureTypes } from "./call-as.ts";

// Who is refused, and who reads what of whom, is in the trail.

let live: LiveServer;
beforeAll(async () => {
  live = await startLiveServer({ auditReads: true });
});
afterAll(() => live[Symbol.asyncDispose]());

const eventsOf = ({ id }: Pick<Person, "id">, event: string) =>
  live.test.database.query(
    `select subject_id as subject, address, request_id as request, detail from latchkey.audit_events
      where actor_id = $1 and event = $2 order by position`,
    [id, event],
  );

describe("every procedure that is refused for want of a permission leaves an event with its name, the target and the request", () => {
  for (const { tags, cases } of shareOut(Object.keys(procedureTypes), 3))
    test(`of ${cases.length}`, { tags }, async () => {
      const target = randomUUID();
      const refused = [];
      for (const procedure of cases) {
        // Each by somebody of their own, so that none is counted only.
        const person = await createPerson(live.test);
        const headers = { "user-agent": "a script" };
        const answer = await ask(live, procedure, { token: person.token, input: { id: target }, headers });
        const left = await eventsOf(person, "permission_denied");
        // What is not in use here is refused to everybody, and is nobody's want of a right.
        const isForNobody = async () =>
          outcomeOf(await ask(live, procedure, { input: { id: target } })) === outcomeOf(answer);
        if (outcomeOf(answer) !== "403 permission_denied" || (await isForNobody())) {
          expect(left, procedure).toEqual([]);
          continue;
        }
        refused.push(procedure);
        const request = answer.headers.get("x-request-id");
        expect(left, procedure).toEqual([
          { subject: null, address: "127.0.0.1", request, detail: { procedure: nameOf(procedure), target } },
        ]);
      }
      expect(refused.length).toBeGreaterThan(cases.length / 7);
    });
});

test("each call of a batch leaves its own", async () => {
  const person = await createPerson(live.test);
  const targets = Array.from({ length: 20 }, () => randomUUID());
  const names = targets.map(() => nameOf("users.delete")).join(",");
  const input = Object.fromEntries(targets.map((id, index) => [index, { id }]));
  const response = await fetch(`${live.url}/trpc/${names}?batch=1`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${person.token}` },
    body: JSON.stringify(input),
  });
  expect(response.status).toBe(403);
  const left = await eventsOf(person, "permission_denied");
  expect(left.map(({ detail }) => detail.target).sort()).toEqual(targets.toSorted());
});

test("who is staff and refused over another's head leaves one too, and nobody fills the activity of the other", async () => {
  const boss = await createPerson(live.test, { isSuperuser: true });
  const clerk = await createPerson(live.test, { permissions: ["auth.view_user", "auth.change_user"] });
  const asClerk = { token: clerk.token, input: { id: boss.id } };
  expect(outcomeOf(await ask(live, "users.listSessions", asClerk))).toBe("403 permission_denied");
  expect(outcomeOf(await ask(live, "users.endSessions", asClerk))).toBe("403 permission_denied");
  expect((await eventsOf(clerk, "permission_denied")).map(({ detail }) => detail)).toEqual([
    { procedure: nameOf("users.listSessions"), target: boss.id },
    { procedure: nameOf("users.endSessions"), target: boss.id },
  ]);
  const activity = await ask(live, "me.activity", { token: boss.token });
  expect(JSON.stringify(activity.body)).not.toContain("permission_denied");
});

test("nothing of a hostile input gets into the trail", async () => {
  const person = await createPerson(live.test);
  for (const id of ["canary", "'; drop table", { deep: "canary" }, "a".repeat(5_000), 7, null])
    await ask(live, "users.delete", { token: person.token, input: { id } });
  const left = await eventsOf(person, "permission_denied");
  expect(left.map(({ detail }) => detail.target)).toEqual([null, null, null, null, null, null]);
});

test("who reads other people's data leaves an event, and who reads their own leaves none", async () => {
  const reader = await createPerson(live.test, { permissions: ["auth.view_user", "auth.view_auditevent"] });
  const other = await createPerson(live.test);
  const { token } = reader;
  await ask(live, "users.list", { token, input: { username: other.username } });
  await ask(live, "users.get", { token, input: { id: other.id } });
  await ask(live, "users.listSessions", { token, input: { id: other.id } });
  await ask(live, "audit.list", { token, input: { userId: other.id, limit: 1 } });
  await ask(live, "users.get", { token, input: { id: reader.id } });
  await ask(live, "me.get", { token });
  expect((await eventsOf(reader, "data_read")).map(({ subject, detail }) => [subject, detail])).toEqual([
    [null, { what: "users", count: 1 }],
    [other.id, { what: "user", count: 1 }],
    [other.id, { what: "sessions", count: 1 }],
    [other.id, { what: "audit_events", count: 1 }],
  ]);
});

test("a look that is disguised as a change of nothing leaves an event too", async () => {
  const reader = await createPerson(live.test, { permissions: ["auth.change_user"] });
  const other = await createPerson(live.test);
  await ask(live, "users.update", { token: reader.token, input: { id: other.id, changes: {} } });
  const events = (await eventsOf(reader, "data_read")).map(({ subject, detail }) => [subject, detail]);
  expect(events).toEqual([[other.id, { what: "user", count: 1 }]]);
});

test("events alone tell who had which rank and right at any moment, also by a group that is gone", async () => {
  const boss = await createPerson(live.test, { isSuperuser: true });
  const asBoss = (procedure: string, input: object) => ask(live, procedure, { token: boss.token, input });
  const { id } = await createPerson(live.test);
  const group = (await asBoss("groups.create", { name: freshName(), permissions: ["auth.delete_user"] })).body;
  await asBoss("users.setGroups", { id, groupIds: [group.id] });
  await asBoss("groups.delete", { id: group.id });
  await asBoss("users.update", { id, changes: { isSuperuser: true, city: "Izmir" } });
  await asBoss("users.update", { id, changes: { isSuperuser: false, isActive: false } });
  const events = await live.test.database.query(
    "select event, detail from latchkey.audit_events where actor_id = $1 and (subject_id = $2 or detail ->> 'group' = $3) order by position",
    [boss.id, id, group.id],
  );
  const told = events.filter(({ event }) => /^(group|groups|user)_/.test(String(event)));
  expect(told).toEqual([
    { event: "group_created", detail: { group: group.id, permissions: ["auth.delete_user"] } },
    { event: "groups_set", detail: { groups: [group.id] } },
    { event: "group_deleted", detail: { group: group.id, permissions: ["auth.delete_user"] } },
    { event: "user_updated", detail: { fields: ["city", "isSuperuser"], isSuperuser: true } },
    { event: "user_updated", detail: { fields: ["isSuperuser", "isActive"], isActive: false, isSuperuser: false } },
  ]);
});

test("the event of a sign-in leads to its session, and says how it was opened and by what program", async () => {
  const person = await createPerson(live.test);
  const { body } = await call(live.url, "token.obtain", {
    input: { username: person.username, password: "correct horse battery" },
    headers: { "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0" },
  });
  const events = await eventsOf(person, "signed_in");
  const { sid } = JSON.parse(Buffer.from(body.token.split(".")[1] ?? "", "base64url").toString());
  expect(events.at(-1)?.detail).toEqual({
    identifier: "username",
    sessionId: sid,
    amr: ["pwd"],
    device: "Firefox on Linux",
  });
});

test.runIf(isAtRoot)("without the setting nobody's reading is written down", async () => {
  await using plain = await startLiveServer();
  const boss = await createPerson(plain.test, { isSuperuser: true });
  await ask(plain, "users.list", { token: boss.token });
  expect(await plain.test.database.query("select from latchkey.audit_events where event = 'data_read'")).toEqual([]);
});
