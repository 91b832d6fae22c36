import { shareOut } from "@latchkey/auth/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type LiveServer, startLiveServer } from "../live-server.ts";
import { createPerson, freshName, type Person, password, toAdministrator } from "./accounts-in-core.ts";
import { ask, outcomeOf } from "./call-as.ts";

let live: LiveServer;
let boss: Person;
beforeAll(async () => {
  live = await startLiveServer();
  boss = await createPerson(live.test, { username: "Boss", isSuperuser: true, isStaff: true });
});
afterAll(() => live[Symbol.asyncDispose]());

/** An id that nobody and nothing has. */
const nobody = "01999999-9999-7999-8999-999999999999";

const asBoss = (procedure: string, input?: unknown) => ask(live, procedure, { input, token: boss.token });
const issuesOf = async (procedure: string, input: unknown) => {
  const { status, body } = await asBoss(procedure, input);
  return { status, issues: body.data.issues };
};

async function createGroup(permissions: readonly string[] = []) {
  const { body } = await asBoss("groups.create", { name: freshName(), permissions });
  return body as { id: string; name: string; permissions: string[] };
}

async function eventsAbout(subjectId: string): Promise<unknown[]> {
  return live.test.database.query(
    "select event, actor_id, address, request_id, detail from latchkey.audit_events where subject_id = $1 order by position",
    [subjectId],
  );
}

describe("users.list", () => {
  test("answers pages, the newest first, each user once", async () => {
    const created: string[] = [];
    for (let count = 0; count < 7; count++) created.push((await createPerson(live.test)).id);
    const found: string[] = [];
    let cursor: string | undefined;
    for (let page = 0; page < 3; page++) {
      const { body } = await asBoss("users.list", { limit: 3, ...(cursor && { cursor }) });
      found.push(...body.users.map((user: { id: string }) => user.id));
      cursor = body.nextCursor;
    }
    expect(found.slice(0, 7)).toEqual(created.toReversed());
    expect(new Set(found).size).toBe(found.length);
  });

  test("answers 25 a page unless told, and null for a cursor on the last", { tags: ["long"] }, async () => {
    await using own = await startLiveServer();
    const { token } = await createPerson(own.test, { isSuperuser: true });
    expect((await ask(own, "users.list", { token })).body).toMatchObject({ users: [{}], nextCursor: null });
    await Promise.all(Array.from({ length: 25 }, () => own.test.auth.createUser({ username: freshName(), password })));
    const first = (await ask(own, "users.list", { token })).body;
    expect(first.users).toHaveLength(25);
    const rest = (await ask(own, "users.list", { token, input: { cursor: first.nextCursor } })).body;
    expect(rest).toMatchObject({ users: [{}], nextCursor: null });
  });

  test("finds by the beginning of a username, phone number or e-mail address, in any spelling, in their order", async () => {
    const names = ["Çelik.b", "çelik.a", "ÇELIK_c", "celik"];
    for (const username of names) await live.test.auth.createUser({ username, password });
    for (const [index, username] of ["phone_b", "phone_a"].entries()) {
      const phoneNumber = `+90532555000${index}`;
      await live.test.auth.createUser({ username, password, phoneNumber, email: `Find.${username}@example.com` });
    }
    const find = async (input: object) =>
      (await asBoss("users.list", input)).body.users.map((user: { username: string }) => user.username);

    for (const typed of ["çelik", "ÇELİK", "  Çel", "c\u0327elik"]) {
      expect(await find({ username: typed })).toEqual(["çelik.a", "Çelik.b", "ÇELIK_c"]);
    }
    for (const typed of ["+90532555", "+90 532 555", "90 532 555", "+٩٠٥٣٢٥٥٥"]) {
      expect(await find({ phoneNumber: typed })).toEqual(["phone_b", "phone_a"]);
    }
    expect(await find({ phoneNumber: "+90 (532) 555 00 01" })).toEqual(["phone_a"]);
    for (const typed of ["find.", "FIND.phone", "find.phone_"]) {
      expect(await find({ email: typed })).toEqual(["phone_a", "phone_b"]);
    }
    expect(await find({ email: "Find.phone_b@EXAMPLE.com" })).toEqual(["phone_b"]);
    for (const input of [
      { username: "%" },
      { username: "_elik" },
      { phoneNumber: "find" },
      { email: "%" },
      { username: "\\" },
    ]) {
      expect(await find(input)).toEqual([]);
    }
  });

  test("goes on from page to page of a search, and never beyond what was searched for", async () => {
    for (const letter of "edcba") await live.test.auth.createUser({ username: `pager_${letter}`, password });
    const first = (await asBoss("users.list", { username: "pager_", limit: 2 })).body;
    const second = (await asBoss("users.list", { username: "pager_", limit: 2, cursor: first.nextCursor })).body;
    const third = (await asBoss("users.list", { username: "pager_", limit: 2, cursor: second.nextCursor })).body;
    const pages = [first, second, third].map(({ users }) => users.map((user: { username: string }) => user.username));
    expect(pages).toEqual([["pager_a", "pager_b"], ["pager_c", "pager_d"], ["pager_e"]]);
    expect(third.nextCursor).toBeNull();
    // A cursor from before the search begins does not widen it.
    const elsewhere = Buffer.from(JSON.stringify(["username", "a"])).toString("base64url");
    const { users } = (await asBoss("users.list", { username: "pager_e", cursor: elsewhere })).body;
    expect(users.map((user: { username: string }) => user.username)).toEqual(["pager_e"]);
  });

  test("filters by active, by staff and by group, alone and together", async () => {
    const group = await createGroup();
    const member = (facts: object) => createPerson(live.test, { ...facts, groups: [group.name] });
    const plain = await member({});
    const staff = await member({ isStaff: true });
    const gone = await member({});
    await asBoss("users.update", { id: gone.id, changes: { isActive: false } });
    const find = async (input: object) =>
      (await asBoss("users.list", { groupId: group.id, ...input })).body.users.map((user: { id: string }) => user.id);

    expect(await find({})).toEqual([gone.id, staff.id, plain.id]);
    expect(await find({ isActive: true })).toEqual([staff.id, plain.id]);
    expect(await find({ isActive: false })).toEqual([gone.id]);
    expect(await find({ isStaff: true })).toEqual([staff.id]);
    expect(await find({ isStaff: false, isActive: true })).toEqual([plain.id]);
    expect(await find({ username: staff.username })).toEqual([staff.id]);
    expect(await find({ username: staff.username, isStaff: false })).toEqual([]);
    expect(await find({ groupId: nobody })).toEqual([]);
    const all = (await asBoss("users.list", { isActive: false, isStaff: false })).body.users;
    expect(all.map((user: { id: string }) => user.id)).toEqual([gone.id]);
  });

  for (const { tags, cases } of shareOut(
    [
      ["two searches", { username: "a", email: "b" }, ["email"]],
      ["a cursor that is none", { cursor: "abc" }, ["cursor"]],
      ["a cursor of another list", { cursor: Buffer.from('["username","a"]').toString("base64url") }, ["cursor"]],
      ["a cursor that is no id", { cursor: Buffer.from(`["id","' or 1=1"]`).toString("base64url") }, ["cursor"]],
      ["a cursor of null", { cursor: Buffer.from("null").toString("base64url") }, ["cursor"]],
      ["a page of 101", { limit: 101 }, ["limit"]],
      ["a page of none", { limit: 0 }, ["limit"]],
      ["an unknown filter", { isSuperuser: true }, ["isSuperuser"]],
      ["a group that is no id", { groupId: "editors" }, ["groupId"]],
      ["an empty search", { username: "" }, ["username"]],
    ],
    4,
  ))
    test.each(cases)("refuses %s", { tags }, async (_, input, path) => {
      expect(await issuesOf("users.list", input)).toMatchObject({ status: 400, issues: [{ path }] });
    });

  test("never shows what is stored of a password", async () => {
    const { text } = await asBoss("users.list", { limit: 100 });
    expect(text).not.toMatch(/bcrypt|"password"/);
  });
});

describe("users.get", () => {
  test("answers the user with their groups, their own permissions and all that they may do", async () => {
    const group = await createGroup(["auth.view_user", "auth.view_group"]);
    const { id, user } = await createPerson(live.test, {
      groups: [group.name],
      permissions: ["auth.view_auditevent", "auth.view_user"],
    });
    expect((await asBoss("users.get", { id })).body).toEqual({
      user: JSON.parse(JSON.stringify(user)),
      groups: [{ id: group.id, name: group.name }],
      externalId: null,
      deletionDueAt: null,
      passwordChangeDueAt: null,
      permissions: ["auth.view_auditevent", "auth.view_user"],
      effectivePermissions: ["auth.view_auditevent", "auth.view_group", "auth.view_user"],
    });
  });

  test("says that an inactive user may do nothing and a superuser everything", async () => {
    const { id } = await createPerson(live.test, { permissions: ["auth.view_user"] });
    await asBoss("users.update", { id, changes: { isActive: false } });
    expect((await asBoss("users.get", { id })).body).toMatchObject({
      permissions: ["auth.view_user"],
      effectivePermissions: [],
    });
    const { effectivePermissions } = (await asBoss("users.get", { id: boss.id })).body;
    expect(effectivePermissions).toEqual((await ask(live, "me.permissions", { token: boss.token })).body);
    expect(effectivePermissions).toContain("auth.delete_user");
  });
});

describe("users.create", () => {
  test("vouches for the names, shows the code once, and sets no password that anybody knows", async () => {
    const username = freshName();
    const input = {
      username,
      phoneNumber: "+90 532 777 00 01",
      email: "New.User@example.com",
      city: "İzmir",
      isStaff: true,
    };
    const answer = await asBoss("users.create", input);
    const { user, setPasswordCode, expiresAt } = answer.body;
    expect(user).toMatchObject({
      username,
      phoneNumber: "+905327770001",
      email: "New.User@example.com",
      city: "İzmir",
    });
    expect(user).toMatchObject({ isActive: true, isStaff: true, isSuperuser: false, lastLogin: null });
    expect(Date.parse(expiresAt)).toBeGreaterThan(live.test.clock.now().getTime());
    expect(JSON.stringify((await asBoss("users.get", { id: user.id })).body)).not.toContain(setPasswordCode);
    for (const typed of ["", "!", setPasswordCode]) {
      expect((await ask(live, "token.obtain", { input: { username, password: typed } })).status).toBe(400);
    }
    const about = {
      actor_id: boss.id,
      address: "127.0.0.1",
      request_id: answer.headers.get("x-request-id"),
    };
    expect((await eventsAbout(user.id)).slice(0, 2)).toEqual([
      { event: "user_created", ...about, detail: { by: "administrator", isStaff: true } },
      { event: "set_password_code_issued", ...about, detail: {} },
    ]);
  });

  for (const { tags, cases } of shareOut(["username", "phoneNumber", "email"], 3))
    test.each(cases)("says that the %s is taken", { tags }, async (field) => {
      const taken = { username: freshName(), phoneNumber: "+905327770002", email: "taken@example.com" };
      await asBoss("users.create", taken);
      const input = { username: freshName(), [field]: taken[field as keyof typeof taken] };
      expect(await issuesOf("users.create", input)).toEqual({
        status: 409,
        issues: [{ path: [field], code: "taken", message: "belongs to another account" }],
      });
    });

  for (const { tags, cases } of shareOut(
    [
      ["a password for somebody else", { password }, ["password"]],
      ["a bad username", { username: "1" }, ["username"]],
      ["a bad phone number", { phoneNumber: "123" }, ["phoneNumber"]],
      ["a bad e-mail address", { email: "x" }, ["email"]],
      ["an unknown field", { isActive: false }, ["isActive"]],
      ["a bad profile field", { gender: "x" }, ["gender"]],
    ],
    5,
  ))
    test.each(cases)("refuses %s", { tags }, async (_, input, path) => {
      expect(await issuesOf("users.create", { username: freshName(), ...input })).toMatchObject({
        status: 400,
        issues: [{ path }],
      });
    });

  test("names every field that is wrong at once", async () => {
    const { issues } = await issuesOf("users.create", { username: "1", phoneNumber: "1", email: "1" });
    expect(issues.map((issue: { path: string[] }) => issue.path)).toEqual([["username"], ["phoneNumber"], ["email"]]);
  });
});

describe("users.update", () => {
  test("changes names and profile, and writes down which fields, never what is in them", async () => {
    const { id } = await createPerson(live.test, { phoneNumber: "+905327770003" });
    const username = freshName();
    const changes = { username, phoneNumber: null, email: "canary@example.com", lastName: "Kanarya", isStaff: true };
    const answer = await asBoss("users.update", { id, changes });
    expect(answer.body).toMatchObject({ id, ...changes });
    const events = await eventsAbout(id);
    expect(events.at(-1)).toEqual({
      event: "user_updated",
      actor_id: boss.id,
      address: "127.0.0.1",
      request_id: answer.headers.get("x-request-id"),
      detail: { fields: ["lastName", "isStaff", "username", "phoneNumber", "email"], isStaff: true },
    });
    expect(JSON.stringify(events)).not.toMatch(/canary|Kanarya/);
  });

  test("with nothing to change, changes nothing and writes nothing down", async () => {
    const { id, user } = await createPerson(live.test);
    const before = await eventsAbout(id);
    expect((await asBoss("users.update", { id, changes: {} })).body).toEqual(JSON.parse(JSON.stringify(user)));
    expect(await eventsAbout(id)).toEqual(before);
  });

  test("deactivation ends the sessions for good; sign-in works again after reactivation", async () => {
    const { id, username, token, refreshToken } = await createPerson(live.test);
    await asBoss("users.update", { id, changes: { isActive: false } });
    expect(outcomeOf(await ask(live, "me.get", { token }))).toBe("401 account_disabled");
    await asBoss("users.update", { id, changes: { isActive: true } });
    expect(outcomeOf(await ask(live, "me.get", { token }))).toBe("401 session_ended");
    expect(outcomeOf(await ask(live, "token.refresh", { input: { refreshToken } }))).toBe("401 session_ended");
    expect(outcomeOf(await ask(live, "token.obtain", { input: { username, password } }))).toBe("ok");
  });

  test("says that a name is taken, and by whom it does not tell", async () => {
    const names = { phoneNumber: "+905327770004", email: "holder@example.com" };
    const { username } = await createPerson(live.test, names);
    const { id } = await createPerson(live.test);
    for (const [field, value] of Object.entries({ ...names, username: username.toUpperCase() })) {
      expect(await issuesOf("users.update", { id, changes: { [field]: value } })).toEqual({
        status: 409,
        issues: [{ path: [field], code: "taken", message: "belongs to another account" }],
      });
    }
  });

  for (const { tags, cases } of shareOut(
    [
      ["a password", { password }, ["changes", "password"]],
      ["an id", { id: nobody }, ["changes", "id"]],
      ["a date of joining", { dateJoined: "2020-01-01T00:00:00.000Z" }, ["changes", "dateJoined"]],
      ["taking away the last name", { username: null }, ["username"]],
      ["a mark that is no truth value", { isStaff: "true" }, ["changes", "isStaff"]],
      ["a bad phone number", { phoneNumber: "12" }, ["phoneNumber"]],
    ],
    5,
  ))
    test.each(cases)("refuses %s", { tags }, async (_, changes, path) => {
      expect(await issuesOf("users.update", { id: boss.id, changes })).toMatchObject({
        status: 400,
        issues: [{ path }],
      });
    });
});

describe("users.delete", () => {
  test("ends the sessions, and keeps what happened without where the person was", async () => {
    const group = await createGroup();
    const { id, token, username } = await createPerson(live.test, {
      groups: [group.name],
      permissions: ["auth.view_user"],
      profile: { firstName: "Kanarya" },
    });
    await ask(live, "me.update", { input: { city: "Kanarya" }, token });
    await ask(live, "token.obtain", { input: { username, password: "wrong password" } });
    await ask(live, "users.list", { token });
    const answer = await asBoss("users.delete", { id });
    expect(answer).toMatchObject({ status: 200, body: {} });
    expect(outcomeOf(await ask(live, "me.get", { token }))).toBe("401 session_ended");
    expect(outcomeOf(await asBoss("users.get", { id }))).toBe("404 not_found");

    const events = await live.test.database.query<{ event: string; address: string | null; actor_id: string | null }>(
      "select event, actor_id, subject_id, address, request_id, detail from latchkey.audit_events where subject_id = $1 or actor_id = $1 order by position",
      [id],
    );
    expect(events.map(({ event }) => event).sort()).toEqual([
      "groups_set",
      "permissions_set",
      "profile_updated",
      "sign_in_refused",
      "signed_in",
      "user_created",
      "user_deleted",
    ]);
    for (const { actor_id, address } of events) expect(address === null || actor_id === boss.id).toBe(true);
    expect(events.at(-1)).toMatchObject({
      event: "user_deleted",
      actor_id: boss.id,
      address: "127.0.0.1",
      request_id: answer.headers.get("x-request-id"),
    });
    expect(JSON.stringify(events)).not.toContain(username);
    expect(JSON.stringify(events)).not.toContain("Kanarya");
  });

  test("of oneself keeps no address either", async () => {
    const { id, token } = await createPerson(live.test, { permissions: ["auth.delete_user"] });
    expect(outcomeOf(await ask(live, "users.delete", { input: { id }, token }))).toBe("ok");
    const events = (await eventsAbout(id)) as { event: string; address: string | null }[];
    expect(events.at(-1)?.event).toBe("user_deleted");
    for (const { address } of events) expect(address).toBeNull();
  });
});

describe("users.setGroups, users.setPermissions", () => {
  test("make them exactly those given, each once, and write them down", async () => {
    const [one, two] = [await createGroup(["auth.view_user"]), await createGroup()];
    const { id, token } = await createPerson(live.test);
    const { body } = await asBoss("users.setGroups", { id, groupIds: [one.id, two.id.toUpperCase(), one.id] });
    expect(body.groups.map((group: { id: string }) => group.id).sort()).toEqual([one.id, two.id].sort());
    expect(body.effectivePermissions).toEqual(["auth.view_user"]);
    const second = await asBoss("users.setPermissions", { id, permissions: ["auth.view_group", "auth.view_group"] });
    expect(second.body).toMatchObject({ permissions: ["auth.view_group"] });
    expect((await ask(live, "me.permissions", { token })).body).toEqual(["auth.view_group", "auth.view_user"]);
    expect(await eventsAbout(id)).toMatchObject([
      {},
      {},
      { event: "groups_set", actor_id: boss.id, detail: { groups: [one.id, two.id] } },
      { event: "permissions_set", actor_id: boss.id, detail: { permissions: ["auth.view_group"] } },
    ]);

    expect((await asBoss("users.setGroups", { id, groupIds: [] })).body.groups).toEqual([]);
    expect((await asBoss("users.setPermissions", { id, permissions: [] })).body).toMatchObject({
      permissions: [],
      effectivePermissions: [],
    });
  });

  test("of many changes of one user at the same moment, each is whole", async () => {
    const { id } = await createPerson(live.test);
    const groups = await Promise.all([createGroup(), createGroup(), createGroup()]);
    const sets = [["auth.view_user"], ["auth.view_user", "auth.add_user"], []];
    const answers = await Promise.all(
      [1, 2, 3, 4].flatMap(() => [
        ...sets.map((permissions) => asBoss("users.setPermissions", { id, permissions })),
        ...groups.map((group) => asBoss("users.setGroups", { id, groupIds: [group.id, groups[0]?.id] })),
      ]),
    );
    expect(new Set(answers.map(outcomeOf))).toEqual(new Set(["ok"]));
    const { permissions } = (await asBoss("users.get", { id })).body;
    expect(sets.map((set) => set.toSorted())).toContainEqual(permissions);
  });

  for (const { tags, cases } of shareOut([4, 10], 2))
    test.each(cases)(
      "a user or a group that is deleted meanwhile, %i times, is not found, and nothing breaks",
      { tags },
      async (trials) => {
        for (let trial = 0; trial < trials; trial++) {
          const [{ id }, group] = [await createPerson(live.test), await createGroup()];
          const answers = await Promise.all([
            asBoss("users.setGroups", { id, groupIds: [group.id] }),
            asBoss("users.setPermissions", { id, permissions: ["auth.view_user"] }),
            asBoss("groups.update", { id: group.id, permissions: ["auth.view_user"] }),
            trial % 2 ? asBoss("users.delete", { id }) : asBoss("groups.delete", { id: group.id }),
          ]);
          for (const answer of answers)
            expect(["ok", "404 not_found", "400 invalid_input"]).toContain(outcomeOf(answer));
        }
      },
    );

  for (const { tags, cases } of shareOut(
    [
      ["users.setGroups", { groupIds: [nobody] }, { path: ["groupIds"], message: "names a group that does not exist" }],
      ["users.setGroups", { groupIds: ["x"] }, { path: ["groupIds", 0] }],
      ["users.setGroups", {}, { path: ["groupIds"] }],
      [
        "users.setPermissions",
        { permissions: ["notes.fly_note"] },
        { path: ["permissions"], message: "names a permission that does not exist" },
      ],
      ["users.setPermissions", { permissions: [""] }, { path: ["permissions", 0] }],
      ["users.setPermissions", { permissions: "auth.view_user" }, { path: ["permissions"] }],
    ],
    5,
  ))
    test.each(cases)("%s refuses %j", { tags }, async (procedure, input, issue) => {
      const { id } = await createPerson(live.test);
      expect(await issuesOf(procedure, { id, ...input })).toMatchObject({ status: 400, issues: [issue] });
    });
});

describe("users.unlock", () => {
  test("lets an account that guesses have locked sign in again, and says by whom in the trail", {
    tags: ["long"],
  }, async () => {
    await using own = await startLiveServer();
    const { id, username } = await createPerson(own.test);
    const tryAs = async (input: object) => outcomeOf(await ask(own, "token.obtain", { input: { username, ...input } }));
    for (let guess = 0; guess < 10; guess += 1) await tryAs({ password: "wrong horse battery" });
    for (let guess = 0; guess < 70; guess += 1) {
      await own.test.clock.advance(3_600);
      await tryAs({ password: "wrong horse battery" });
    }
    await own.test.clock.advance(3_600);
    expect(await tryAs({ password })).toBe("400 invalid_credentials");
    const boss = await createPerson(own.test, { isSuperuser: true });
    const answer = await ask(own, "users.unlock", { input: { id }, token: boss.token });
    expect(answer.body).toEqual({});
    expect(await tryAs({ password })).toBe("ok");
    const events = await ask(own, "audit.list", {
      input: { actorId: boss.id, event: "account_unlocked" },
      token: boss.token,
    });
    expect(events.body).toMatchObject({ events: [{ subjectId: id, actorId: boss.id }], nextCursor: null });
  });

  test("is not for one's own account", async () => {
    const boss = await createPerson(live.test, { isSuperuser: true });
    const answer = await ask(live, "users.unlock", { input: { id: boss.id }, token: boss.token });
    expect(outcomeOf(answer)).toBe("403 permission_denied");
  });
});

test("groups.get answers a group as the list has it", async () => {
  const group = await createGroup(["auth.view_user"]);
  expect((await asBoss("groups.get", { id: group.id.toUpperCase() })).body).toEqual(group);
});

test("audit.list answers pages of what one person did, each event once, the newest first", async () => {
  const clerk = await createPerson(live.test, { isSuperuser: true });
  for (let count = 0; count < 5; count += 1)
    await ask(live, "groups.create", { input: { name: freshName(), permissions: [] }, token: clerk.token });
  const seen: string[] = [];
  let cursor: string | undefined;
  do {
    const input = { actorId: clerk.id, limit: 2, ...(cursor && { cursor }) };
    const { body } = await ask(live, "audit.list", { input, token: clerk.token });
    for (const { id, actorId } of body.events) {
      expect(actorId).toBe(clerk.id);
      seen.push(id);
    }
    cursor = body.nextCursor;
  } while (cursor);
  expect(seen).toHaveLength(6);
  expect(new Set(seen).size).toBe(6);
});

describe("users.endSessions", () => {
  test("signs a user out everywhere, tells from how many places, and writes it down", async () => {
    const { id, username, token } = await createPerson(live.test);
    await live.test.auth.signIn({ username, password }, live.test.facts);
    expect((await asBoss("users.endSessions", { id })).body).toEqual({ ended: 2 });
    expect(outcomeOf(await ask(live, "me.get", { token }))).toBe("401 session_ended");
    expect((await eventsAbout(id)).at(-1)).toMatchObject({
      event: "sessions_ended",
      actor_id: boss.id,
      detail: { because: "ended_by_administrator", count: 2 },
    });
    expect((await asBoss("users.endSessions", { id })).body).toEqual({ ended: 0 });
  });

  test("ends the one session that is named, and leaves the others", async () => {
    const { id, username, token } = await createPerson(live.test);
    const other = await live.test.auth.signIn({ username, password }, live.test.facts);
    const [last, first] = (await asBoss("users.listSessions", { id })).body;
    expect((await asBoss("users.endSessions", { id, sessionId: first.id.toUpperCase() })).body).toEqual({ ended: 1 });
    expect(outcomeOf(await ask(live, "me.get", { token }))).toBe("401 session_ended");
    expect(outcomeOf(await ask(live, "me.get", { token: other.token }))).toBe("ok");
    expect((await asBoss("users.listSessions", { id })).body).toMatchObject([{ id: last.id }]);
    expect((await eventsAbout(id)).at(-1)).toMatchObject({
      event: "sessions_ended",
      actor_id: boss.id,
      detail: { because: "ended_by_administrator", count: 1 },
    });
  });

  test("says of a session that has ended, is somebody else's or never was that it is not there, and ends none", async () => {
    const [person, other] = [await createPerson(live.test), await createPerson(live.test)];
    const [theirs] = (await asBoss("users.listSessions", { id: other.id })).body;
    const [ended] = (await asBoss("users.listSessions", { id: person.id })).body;
    await asBoss("users.endSessions", { id: person.id });
    const { token } = await live.test.auth.signIn({ username: person.username, password }, live.test.facts);
    const before = await eventsAbout(person.id);
    for (const sessionId of [theirs.id, ended.id, nobody]) {
      expect(outcomeOf(await asBoss("users.endSessions", { id: person.id, sessionId }))).toBe("404 not_found");
    }
    for (const sessionId of ["", "1", null, [theirs.id]]) {
      expect(outcomeOf(await asBoss("users.endSessions", { id: person.id, sessionId }))).toBe("400 invalid_input");
    }
    for (const signedIn of [token, other.token]) {
      expect(outcomeOf(await ask(live, "me.get", { token: signedIn }))).toBe("ok");
    }
    expect(await eventsAbout(person.id)).toEqual(before);
  });
});

describe("users.listSessions", () => {
  test("answers where somebody is signed in, the last used first, and nothing that is good for a sign-in", async () => {
    const { id, username, refreshToken } = await createPerson(live.test);
    const firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0";
    const headers = { "user-agent": firefox };
    await live.test.auth.signOut(refreshToken, live.test.facts);
    await ask(live, "token.obtain", { input: { username, password } });
    await live.test.database.query(
      "update latchkey.sessions set last_used_at = now() - interval '1 hour' where user_id = $1",
      [id],
    );
    await ask(live, "token.obtain", { input: { username, password, deviceName: "Work laptop" }, headers });
    const { body, text } = await asBoss("users.listSessions", { id });
    expect(body).toEqual([
      {
        id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        createdAt: expect.stringMatching(/^\d{4}-/),
        lastUsedAt: expect.stringMatching(/^\d{4}-/),
        expiresAt: expect.stringMatching(/^\d{4}-/),
        address: "127.0.0.1",
        device: "Firefox on Linux",
        deviceName: "Work laptop",
        client: null,
      },
      expect.objectContaining({ address: "127.0.0.1", device: "node", deviceName: null }),
    ]);
    expect(text).not.toMatch(/token|hash/i);
    await asBoss("users.endSessions", { id });
    expect((await asBoss("users.listSessions", { id })).body).toEqual([]);
  });

  test("answers whoever may view users about those below them and about themselves, not about those above", async () => {
    const viewer = await createPerson(live.test, { permissions: ["auth.view_user"] });
    const below = await createPerson(live.test);
    const above = await Promise.all([
      createPerson(live.test, { isSuperuser: true }),
      createPerson(live.test, { isStaff: true }),
      createPerson(live.test, { permissions: ["auth.change_user"] }),
    ]);
    const list = async (id: string) =>
      outcomeOf(await ask(live, "users.listSessions", { input: { id }, token: viewer.token }));
    expect(await list(below.id)).toBe("ok");
    expect(await list(viewer.id)).toBe("ok");
    for (const { id } of above) expect(await list(id)).toBe("403 permission_denied");
  });
});

describe("users.getWaysIn", () => {
  test("tells by whose word a number and an address are theirs and since when, and what they sign in with", async () => {
    const names = { phoneNumber: "+905321230078", email: "ways@example.com" };
    const { user } = (await asBoss("users.create", names)).body;
    const read = async () => (await asBoss("users.getWaysIn", { id: user.id })).body;
    const vouched = { by: "administrator", since: expect.stringMatching(/^\d{4}-/) };
    expect(await read()).toEqual({
      phoneNumber: vouched,
      email: vouched,
      password: { isSet: false, setAt: null, changeDueAt: null },
      totp: null,
      passkeys: { count: 0, lastUsedAt: null },
      recoveryCodes: null,
      consents: [],
      limits: [],
    });
    const { query } = live.test.database;
    await query("update latchkey.users set phone_proved_at = '2026-01-02Z', email_vouched_at = null where id = $1", [
      user.id,
    ]);
    await query(
      "insert into latchkey.totp_factors (user_id, sealed_secret, last_step, created_at) values ($1, '\\x00', 0, '2026-01-03Z')",
      [user.id],
    );
    for (const day of [4, 6, 5])
      await query(
        `insert into latchkey.passkeys (id, user_id, credential_id, public_key, counter, name, is_backed_up, last_used_at)
         values (gen_random_uuid(), $1, sha256($2::int::text::bytea), '\\x00', 0, 'key', false, '2026-01-01Z'::timestamptz + $2::int * interval '1 day')`,
        [user.id, day],
      );
    const after = await read();
    expect(after.phoneNumber).toEqual({ by: "code", since: "2026-01-02T00:00:00.000Z" });
    expect(after.email).toEqual({ by: "claim", since: null });
    expect(after.totp).toEqual({ since: "2026-01-03T00:00:00.000Z", lastUsedAt: null });
    expect(after.passkeys).toEqual({ count: 3, lastUsedAt: "2026-01-07T00:00:00.000Z" });
    expect(JSON.stringify(after)).not.toMatch(/sealed|credential|secret/i);
  });

  test("tells which limits keep somebody out and until when, and none of them any more once they are unlocked", async () => {
    const { id, username } = await createPerson(live.test);
    const { auth, facts, clock } = live.test;
    for (let count = 0; count < 31; count += 1) {
      const from = { ...facts, address: `198.51.100.${count}` };
      await auth.signIn({ username: username.toUpperCase(), password: "wrong" }, from).catch(() => {});
    }
    // The wait of the first attempt beyond the limit would be over before it is looked at.
    await live.test.database.query(
      "update latchkey.throttles set available_at = latchkey.now() + interval '1 hour' where count >= 30",
    );
    const read = async () => (await asBoss("users.getWaysIn", { id })).body.limits;
    const [closed, ...others] = await read();
    expect([closed.limit, others]).toEqual(["sign_in_name", []]);
    expect(Date.parse(closed.until)).toBeGreaterThan(clock.now().getTime());
    expect(outcomeOf(await asBoss("users.unlock", { id }))).toBe("ok");
    expect(await read()).toEqual([]);
  });
});

describe("users.listPendingChanges and users.stopPendingChange", () => {
  test("show what waits and stop it, which the owner is told by the trail; a viewer sees it, and stops nothing", async () => {
    const person = await createPerson(live.test);
    const caller = await toAdministrator(live.test, person);
    // What it would do is nothing that anybody can read: it is there to be seen and stopped.
    const [change] = await live.test.database.query<{ id: string }>(
      `insert into latchkey.pending_changes (id, user_id, session_id, kind, payload, due_at)
        values (gen_random_uuid(), $1, $2, 'set_phone', '\\x00', latchkey.now() + interval '1 day') returning id`,
      [person.id, caller.session.id],
    );
    const input = { id: person.id, changeId: change?.id };
    const viewer = await createPerson(live.test, { permissions: ["auth.view_user"] });
    const seen = await ask(live, "users.listPendingChanges", { input: { id: person.id }, token: viewer.token });
    const waiting = { id: change?.id, kind: "set_phone", createdAt: expect.any(String), dueAt: expect.any(String) };
    expect(seen.body).toEqual({ changes: [waiting], resetHeldUntil: null });
    const byViewer = await ask(live, "users.stopPendingChange", { input, token: viewer.token });
    expect(outcomeOf(byViewer)).toBe("403 permission_denied");
    expect(outcomeOf(await asBoss("users.stopPendingChange", input))).toBe("ok");
    expect((await asBoss("users.listPendingChanges", { id: person.id })).body.changes).toEqual([]);
    expect(outcomeOf(await asBoss("users.stopPendingChange", input))).toBe("404 not_found");
    const { events } = await live.test.auth.listAuditEvents({ userId: person.id, event: "change_stopped", limit: 2 });
    expect(events).toMatchObject([{ detail: { change: "set_phone", by: "administrator" }, subjectId: person.id }]);
  });

  test("say until when a reset is held", async () => {
    const { id } = await createPerson(live.test);
    await live.test.database.query(
      "insert into latchkey.former_passwords (user_id, password, device_epoch, held_at) values ($1, '!', 0, latchkey.now())",
      [id],
    );
    const { resetHeldUntil } = (await asBoss("users.listPendingChanges", { id })).body;
    expect(resetHeldUntil).toMatch(/^\d{4}-/);
  });
});

describe("groups", () => {
  test("are created, listed by name, changed and deleted, each time written down", async () => {
    const name = freshName();
    const created = (await asBoss("groups.create", { name, permissions: ["auth.view_user", "auth.view_user"] })).body;
    expect(created).toEqual({ id: expect.any(String), name, permissions: ["auth.view_user"] });
    const { id } = created;
    const renamed = freshName();
    expect((await asBoss("groups.update", { id, name: renamed })).body).toEqual({ ...created, name: renamed });
    const permissions = ["auth.add_user", "auth.view_group"];
    expect((await asBoss("groups.update", { id, permissions })).body).toEqual({ id, name: renamed, permissions });
    expect((await asBoss("groups.update", { id })).body).toEqual({ id, name: renamed, permissions });
    const list = async () => (await asBoss("groups.list", { limit: 100 })).body.groups;
    expect(await list()).toContainEqual({ id, name: renamed, permissions });
    expect((await asBoss("groups.delete", { id })).body).toEqual({});
    expect(await list()).not.toContainEqual(expect.objectContaining({ id }));
    const events = await live.test.database.query(
      "select event, actor_id, detail from latchkey.audit_events where detail ->> 'group' = $1 order by position",
      [id],
    );
    expect(events).toEqual([
      { event: "group_created", actor_id: boss.id, detail: { group: id, permissions: ["auth.view_user"] } },
      {
        event: "group_updated",
        actor_id: boss.id,
        detail: { group: id, fields: ["name"], permissions: ["auth.view_user"] },
      },
      { event: "group_updated", actor_id: boss.id, detail: { group: id, fields: ["permissions"], permissions } },
      { event: "group_deleted", actor_id: boss.id, detail: { group: id, permissions } },
    ]);
  });

  test("are listed page by page, each once, 25 unless told", async () => {
    await using own = await startLiveServer();
    const { token } = await createPerson(own.test, { isSuperuser: true });
    const list = async (input?: object) => (await ask(own, "groups.list", { input, token })).body;
    expect(await list()).toEqual({ groups: [], nextCursor: null });
    const names = Array.from({ length: 27 }, (_, n) => `group ${String((n * 10) % 27).padStart(2, "0")}`);
    for (const name of names) await own.test.auth.operator.createGroup({ name, permissions: ["auth.view_user"] });
    const first = await list();
    const rest = await list({ cursor: first.nextCursor });
    expect(first.groups).toHaveLength(25);
    expect(rest.nextCursor).toBeNull();
    const found = [...first.groups, ...rest.groups].map(({ name }: { name: string }) => name);
    expect(found).toEqual(names.toSorted());
    for (const input of [
      { cursor: "x" },
      { cursor: Buffer.from('["id","a"]').toString("base64url") },
      { limit: 0 },
      { limit: 101 },
    ]) {
      expect(outcomeOf(await ask(own, "groups.list", { input, token }))).toBe("400 invalid_input");
    }
  });

  test("take the permissions with them when they go", async () => {
    const group = await createGroup(["auth.view_user"]);
    const { token } = await createPerson(live.test, { groups: [group.name] });
    expect((await ask(live, "me.permissions", { token })).body).toEqual(["auth.view_user"]);
    await asBoss("groups.delete", { id: group.id });
    expect((await ask(live, "me.permissions", { token })).body).toEqual([]);
  });

  test("of many changes of one group at the same moment, each is whole", async () => {
    const { id } = await createGroup();
    const sets = [["auth.view_user"], ["auth.add_user", "auth.view_user"], []];
    const answers = await Promise.all(
      [...sets, ...sets, ...sets].map((permissions) => asBoss("groups.update", { id, permissions })),
    );
    expect(new Set(answers.map(outcomeOf))).toEqual(new Set(["ok"]));
  });

  test.each<[procedure: string, input: object]>([
    ["groups.create", {}],
    ["groups.update", { id: "" }],
  ])("%s says that the name is taken", async (procedure, input) => {
    const [taken, other] = [await createGroup(), await createGroup()];
    const sent = procedure === "groups.create" ? { permissions: [] } : { ...input, id: other.id };
    expect(await issuesOf(procedure, { ...sent, name: taken.name })).toEqual({
      status: 409,
      issues: [{ path: ["name"], code: "taken", message: "belongs to another group" }],
    });
  });

  for (const { tags, cases } of shareOut(
    [
      ["groups.create", { name: "x" }, ["permissions"]],
      ["groups.create", { name: "", permissions: [] }, ["name"]],
      ["groups.create", { name: "x".repeat(151), permissions: [] }, ["name"]],
      ["groups.create", { name: " ", permissions: [] }, ["name"]],
      ["groups.create", { name: "a\nroot", permissions: [] }, ["name"]],
      ["groups.create", { name: "\u001b[2J", permissions: [] }, ["name"]],
      ["groups.create", { name: "x", permissions: ["notes.fly_note"] }, ["permissions"]],
      ["groups.create", { name: "x", permissions: [], members: [] }, ["members"]],
      ["groups.update", { id: nobody, permissions: [7] }, ["permissions", 0]],
      ["groups.update", { id: nobody, isSuperuser: true }, ["isSuperuser"]],
    ],
    5,
  ))
    test.each(cases)("%s refuses %j", { tags }, async (procedure, input, path) => {
      expect(await issuesOf(procedure, input)).toMatchObject({ status: 400, issues: [{ path }] });
    });

  test("a group that could not get its permissions is not there", async () => {
    const name = freshName();
    await asBoss("groups.create", { name, permissions: ["notes.fly_note"] });
    const rows = await live.test.database.query("select from latchkey.groups where name = $1", [name]);
    expect(rows).toEqual([]);
  });
});

for (const { tags, cases } of shareOut(
  [
    ["users.get", { id: nobody }],
    ["users.update", { id: nobody, changes: { city: "x" } }],
    ["users.delete", { id: nobody }],
    ["users.setGroups", { id: nobody, groupIds: [] }],
    ["users.setPermissions", { id: nobody, permissions: [] }],
    ["users.endSessions", { id: nobody }],
    ["users.unlock", { id: nobody }],
    ["groups.get", { id: nobody }],
    ["users.createPasswordCode", { id: nobody }],
    ["users.listSessions", { id: nobody }],
    ["users.listPendingChanges", { id: nobody }],
    ["users.getWaysIn", { id: nobody }],
    ["users.stopPendingChange", { id: nobody, changeId: nobody }],
    ["groups.update", { id: nobody, name: "x" }],
    ["groups.delete", { id: nobody }],
  ],
  5,
))
  test.each(cases)(
    "%s says of an id that nobody has that it is not found, and of no id that it is invalid",
    { tags },
    async (procedure, input) => {
      expect(outcomeOf(await asBoss(procedure, input))).toBe("404 not_found");
      for (const id of ["", "1", "' or true --", null, { $ne: "" }, undefined]) {
        expect(outcomeOf(await asBoss(procedure, { ...input, id }))).toBe("400 invalid_input");
      }
    },
  );

describe("audit.list", () => {
  test("answers pages, the newest first, of one user and of one event", async () => {
    const person = await createPerson(live.test);
    await ask(live, "me.update", { input: { city: "a" }, token: person.token });
    await ask(live, "me.update", { input: { city: "b" }, token: person.token });
    const list = async (input: object) => (await asBoss("audit.list", { userId: person.id, ...input })).body;

    const all = await list({});
    expect(all.nextCursor).toBeNull();
    expect(all.events.map((event: { event: string }) => event.event)).toEqual([
      "profile_updated",
      "profile_updated",
      "signed_in",
      "user_created",
    ]);
    expect(all.events[0]).toEqual({
      id: expect.any(String),
      occurredAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      event: "profile_updated",
      actorId: person.id,
      subjectId: person.id,
      address: "127.0.0.1",
      requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      detail: { fields: ["city"] },
    });
    const first = await list({ limit: 3 });
    const second = await list({ limit: 3, cursor: first.nextCursor });
    expect([...first.events, ...second.events]).toEqual(all.events);
    expect((await list({ event: "signed_in" })).events).toHaveLength(1);
    expect((await list({ event: "nothing" })).events).toEqual([]);
    expect((await asBoss("audit.list")).body.events).toHaveLength(25);
  });

  test("finds events by time, the end not included, and by a whole address, however they are asked for besides", async () => {
    const person = await createPerson(live.test);
    // Written in another order than they happened in, as two transactions at once leave them.
    for (const hour of [3, 1, 2, 4]) {
      await live.test.database.query(
        `insert into latchkey.audit_events (id, occurred_at, event, subject_id, address)
         values (gen_random_uuid(), timestamptz '2020-01-01 00:00Z' + $1 * interval '1 hour', $2, $3, $4)`,
        [hour, hour === 4 ? "signed_out" : "signed_in", person.id, `203.0.113.${hour}`],
      );
    }
    const at = (hour: number) => `2020-01-01T0${hour}:00:00Z`;
    const find = async (input: object): Promise<string[]> =>
      (await asBoss("audit.list", input)).body.events.map(({ address }: { address: string }) => address.slice(-1));
    for (const about of [{}, { userId: person.id }]) {
      // Of one person in the order in which they were written, and of everybody in that of their times.
      expect((await find({ ...about, from: at(1), until: at(4) })).toSorted()).toEqual(["1", "2", "3"]);
      expect(await find({ ...about, from: "2020-01-01T03:00:00+01:00", until: at(3) })).toEqual(["2"]);
      expect(await find({ ...about, from: at(1), until: at(5), event: "signed_out" })).toEqual(["4"]);
      expect(await find({ ...about, until: at(5), address: "203.0.113.3" })).toEqual(["3"]);
      expect(await find({ ...about, address: "203.0.113.3", event: "signed_out" })).toEqual([]);
      expect(await find({ ...about, from: at(5), until: at(5) })).toEqual([]);
    }
    expect(await find({ from: at(1), until: at(4) })).toEqual(["3", "2", "1"]);
    const first = (await asBoss("audit.list", { from: at(1), until: at(4), limit: 2 })).body;
    expect(first.events.map(({ address }: { address: string }) => address)).toEqual(["203.0.113.3", "203.0.113.2"]);
    expect(await find({ from: at(1), until: at(4), limit: 2, cursor: first.nextCursor })).toEqual(["1"]);
    expect(await find({ until: at(1), limit: 2, cursor: first.nextCursor })).toEqual([]);
  });

  test("finds what came from an address in whatever spelling that is asked for", async () => {
    const person = await createPerson(live.test);
    for (const address of ["2001:db8::a", "198.51.100.7"])
      await live.test.database.query(
        "insert into latchkey.audit_events (id, event, subject_id, address) values (gen_random_uuid(), 'signed_in', $1, $2)",
        [person.id, address],
      );
    const find = async (address: string): Promise<string[]> =>
      (await asBoss("audit.list", { userId: person.id, address })).body.events.map(
        (event: { address: string }) => event.address,
      );
    for (const address of ["2001:db8::a", "2001:DB8:0::000A", " 2001:0db8:0000:0000:0000:0000:0000:000a"])
      expect(await find(address), address).toEqual(["2001:db8::a"]);
    for (const address of ["198.51.100.7", "::ffff:198.51.100.7", "::ffff:c633:6407"])
      expect(await find(address), address).toEqual(["198.51.100.7"]);
    expect(await find("2001:db8::b")).toEqual([]);
  });

  test("finds nothing by an address for whoever sees none, nor for anybody where the person was deleted", async () => {
    const reader = await createPerson(live.test, { permissions: ["auth.view_auditevent"] });
    const input = { address: "203.0.113.77" };
    expect(outcomeOf(await ask(live, "audit.list", { input, token: reader.token }))).toBe("403 permission_denied");
    const person = await createPerson(live.test);
    await live.test.database.query(
      `insert into latchkey.audit_events (id, event, subject_id, actor_id, address)
       values (gen_random_uuid(), 'signed_in', $1, $1, '203.0.113.77')`,
      [person.id],
    );
    expect((await asBoss("audit.list", input)).body.events).toHaveLength(1);
    // What is deleted in the background later is not found from the beginning on.
    await live.test.database.query("insert into latchkey.erasures (user_id, reached) values ($1, 0)", [person.id]);
    expect((await asBoss("audit.list", input)).body.events).toEqual([]);
  });

  for (const { tags, cases } of shareOut(
    [
      ...[{ userId: "x" }, { cursor: "x" }, { limit: 101 }, { actorId: "boss" }, { event: "" }],
      ...[{ from: "yesterday" }, { until: "2020-01-01" }, { from: 0 }, { address: "" }],
    ],
    5,
  ))
    test.each(cases)("refuses %j", { tags }, async (input) => {
      expect(outcomeOf(await asBoss("audit.list", input))).toBe("400 invalid_input");
    });
});

describe("me.permissions", () => {
  test("answers own and groups' permissions together, sorted, each once", async () => {
    const group = await createGroup(["auth.view_user", "auth.view_group"]);
    const { token } = await createPerson(live.test, {
      groups: [group.name],
      permissions: ["auth.view_user", "auth.add_user"],
    });
    expect((await ask(live, "me.permissions", { token })).body).toEqual([
      "auth.add_user",
      "auth.view_group",
      "auth.view_user",
    ]);
  });

  test("answers a superuser every permission that there is", async () => {
    const rows = await live.test.database.query<{ permission: string }>("select permission from latchkey.permissions");
    const { body } = await ask(live, "me.permissions", { token: boss.token });
    expect(body.toSorted()).toEqual(rows.map((row) => row.permission).sort());
    expect(body).toContain("notes.change_note");
  });
});
