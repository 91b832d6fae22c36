import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type LiveServer, startLiveServer } from "../live-server.ts";
import { createPerson, freshName, type Person } from "./accounts-in-core.ts";
import { ask } from "./call-as.ts";

let live: LiveServer;
let boss: Person;
beforeAll(async () => {
  live = await startLiveServer();
  boss = await createPerson(live.test, { isSuperuser: true });
});
afterAll(() => live[Symbol.asyncDispose]());

const asBoss = (procedure: string, input?: unknown) => ask(live, procedure, { input, token: boss.token });
const changed = { status: 409, body: { data: { reason: "changed_meanwhile", code: "CONFLICT" } } };

describe("of two administrators who edit the same person, the second", () => {
  test("changes nothing where a field that they saw holds something else by now", async () => {
    const { id } = await createPerson(live.test, { email: `${freshName()}@example.com` });
    const first = { id, changes: { city: "Ankara" }, expected: { city: null } };
    expect((await asBoss("users.update", first)).body).toMatchObject({ city: "Ankara" });
    const second = { id, changes: { city: "Izmir", country: "Turkey" }, expected: { city: null } };
    expect(await asBoss("users.update", second)).toMatchObject(changed);
    const { body } = await asBoss("users.get", { id });
    expect(body.user).toMatchObject({ city: "Ankara", country: null });
  });

  test("changes what they wanted where other fields have changed, and where they expect nothing", async () => {
    const { id } = await createPerson(live.test);
    await asBoss("users.update", { id, changes: { city: "Ankara" } });
    const other = { id, changes: { country: "Turkey" }, expected: { country: null, isActive: true } };
    expect((await asBoss("users.update", other)).body).toMatchObject({ city: "Ankara", country: "Turkey" });
    expect((await asBoss("users.update", { id, changes: { city: null } })).status).toBe(200);
  });

  test("is told so in one of two changes that are made at the same moment", async () => {
    const { id } = await createPerson(live.test);
    const set = (city: string) => asBoss("users.update", { id, changes: { city }, expected: { city: null } });
    const answers = await Promise.all([set("Ankara"), set("Izmir")]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
  });

  test("puts nobody out of a group that the first has put them in, and takes no permission that the first gave", async () => {
    const { id } = await createPerson(live.test);
    const names = [freshName(), freshName()];
    const groups = await Promise.all(names.map((name) => asBoss("groups.create", { name, permissions: [] })));
    const [one, other] = groups.map(({ body }) => body.id as string);
    expect((await asBoss("users.setGroups", { id, groupIds: [one], expected: [] })).status).toBe(200);
    expect(await asBoss("users.setGroups", { id, groupIds: [other], expected: [] })).toMatchObject(changed);
    const both = { id, groupIds: [other, one], expected: [one?.toUpperCase()] };
    expect((await asBoss("users.setGroups", both)).body.groups).toHaveLength(2);

    const permissions = ["auth.view_user"];
    expect((await asBoss("users.setPermissions", { id, permissions, expected: [] })).status).toBe(200);
    expect(await asBoss("users.setPermissions", { id, permissions: [], expected: [] })).toMatchObject(changed);
  });

  test("changes no group that is not as they saw it", async () => {
    const name = freshName();
    const { body: group } = await asBoss("groups.create", { name, permissions: ["auth.view_user"] });
    const expected = { name, permissions: ["auth.view_user"] };
    const first = { id: group.id, permissions: ["auth.view_user", "auth.view_group"], expected };
    expect((await asBoss("groups.update", first)).status).toBe(200);
    expect(await asBoss("groups.update", { id: group.id, permissions: [], expected })).toMatchObject(changed);
    expect(
      await asBoss("groups.update", { id: group.id, name: freshName(), expected: { name: "other" } }),
    ).toMatchObject(changed);
    expect((await asBoss("groups.get", { id: group.id })).body).toMatchObject({ name, permissions: { length: 2 } });
  });

  test("is refused what is no field, as in a change", async () => {
    const { id } = await createPerson(live.test);
    const input = { id, changes: {}, expected: { password: "x" } };
    expect(await asBoss("users.update", input)).toMatchObject({ status: 400 });
  });
});
