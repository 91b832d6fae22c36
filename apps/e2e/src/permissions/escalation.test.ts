import { randomUUID } from "node:crypto";
import { shareOut } from "@latchkey/auth/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type LiveServer, startLiveServer } from "../live-server.ts";
import { startNotesServer } from "../notes/notes-server.ts";
import { createPerson, freshName, type Person, toAdministrator } from "./accounts-in-core.ts";
import { ask, outcomeOf, procedureInputs } from "./call-as.ts";

// Everybody here tries to get what nobody gave them.

let live: LiveServer;
let boss: Person;
/** May administer users and groups, and nothing else. */
let clerk: Person;
const clerkRights = ["user", "group"].flatMap((model) =>
  ["view", "add", "change", "delete"].map((action) => `auth.${action}_${model}`),
);

beforeAll(async () => {
  live = await startNotesServer({ callBudgets: { own: 0, administration: 0 } });
  boss = await createPerson(live.test, { isSuperuser: true });
  clerk = await createPerson(live.test, { permissions: clerkRights });
});
afterAll(() => live[Symbol.asyncDispose]());

const asClerk = (procedure: string, input: unknown, by = clerk) => ask(live, procedure, { input, token: by.token });
const asBoss = (procedure: string, input: unknown) => ask(live, procedure, { input, token: boss.token });

async function createGroup(permissions: readonly string[]): Promise<{ id: string; name: string }> {
  return (await asBoss("groups.create", { name: freshName(), permissions })).body;
}

/** All that decides what people may do, and their names, by table: what a refused attempt must leave as it was. */
const rights = {
  users: "id, username, is_active, is_staff, is_superuser, password",
  user_groups: "user_groups.*",
  user_permissions: "user_permissions.*",
  group_permissions: "group_permissions.*",
  groups: "id, name",
  sessions: "id, ended_at",
};

/** How many rows each table has, and a sum of what is in them. */
async function readRights(): Promise<unknown> {
  const sums = Object.entries(rights).map(
    ([table, columns]) =>
      `(select concat(count(*), ' ', sum(hashtextextended(row(${columns})::text, 0))) from latchkey.${table}) as ${table}`,
  );
  return live.test.database.query(`select ${sums.join(", ")}`);
}

type Attempt = readonly [procedure: string, input: object, outcome?: string];

/** Somebody tries what must be refused, one thing after the other, which must leave everything as it was. */
async function expectRefused(by: Person, ...attempts: readonly Attempt[]): Promise<void> {
  const before = await readRights();
  for (const [procedure, input, outcome = "403 permission_denied"] of attempts) {
    const answer = await ask(live, procedure, { input, token: by.token });
    expect(outcomeOf(answer), `${procedure} ${JSON.stringify(input)}`).toBe(outcome);
  }
  expect(await readRights()).toEqual(before);
}

describe("whoever is no superuser", () => {
  test.each([{ isStaff: true }, { isSuperuser: true }, { isStaff: true, isSuperuser: true }])(
    "creates nobody who is %j",
    async (ranks) => {
      await expectRefused(clerk, ["users.create", { username: freshName(), ...ranks }]);
    },
  );

  test.each([{ isStaff: true }, { isSuperuser: true }])("makes nobody %j, themselves least of all", async (changes) => {
    const { id } = await createPerson(live.test);
    const staff = await createPerson(live.test, { isStaff: true, permissions: clerkRights });
    await expectRefused(clerk, ["users.update", { id, changes }], ["users.update", { id: clerk.id, changes }]);
    const themselves: Attempt = ["users.update", { id: staff.id, changes: { isSuperuser: true } }];
    await expectRefused(staff, ["users.update", { id, changes }], themselves);
  });

  test("does not even unmake staff", async () => {
    const staff = await createPerson(live.test, { isStaff: true, permissions: clerkRights });
    const colleague = await createPerson(live.test, { isStaff: true });
    const changes = { isStaff: false };
    await expectRefused(staff, ...[colleague, staff].map(({ id }): Attempt => ["users.update", { id, changes }]));
  });

  test("may say of somebody what is so already", async () => {
    const { id } = await createPerson(live.test);
    const changes = { isStaff: false, isSuperuser: false, city: "Bursa" };
    expect(outcomeOf(await asClerk("users.update", { id, changes }))).toBe("ok");
  });

  test("gives no permission that they do not hold: directly, by a group, by a new group, by changing a group", async () => {
    const { id } = await createPerson(live.test);
    const [strong, weak] = [await createGroup(["auth.view_auditevent"]), await createGroup(["auth.view_user"])];
    await expectRefused(
      clerk,
      ["users.setPermissions", { id, permissions: ["auth.view_auditevent"] }],
      ["users.setPermissions", { id, permissions: ["auth.view_user", "auth.view_auditevent"] }],
      ["users.setGroups", { id, groupIds: [strong.id] }],
      ["users.setGroups", { id, groupIds: [strong.id.toUpperCase(), weak.id] }],
      ["groups.create", { name: freshName(), permissions: ["auth.view_auditevent"] }],
      ["groups.update", { id: weak.id, permissions: ["auth.view_user", "auth.view_auditevent"] }],
    );
    expect(outcomeOf(await asClerk("users.setPermissions", { id, permissions: ["auth.view_user"] }))).toBe("ok");
    expect(outcomeOf(await asClerk("users.setGroups", { id, groupIds: [weak.id] }))).toBe("ok");
  });

  describe("neither empties, changes, renames nor deletes a group that gives what they do not hold:", () => {
    test.each<[string, readonly string[]]>([
      ["nothing else", ["auth.view_auditevent"]],
      ["beside what they hold", ["auth.view_user", "auth.view_auditevent"]],
    ])("%s", async (_, permissions) => {
      const { id, name } = await createGroup(permissions);
      const member = await createPerson(live.test, { groups: [name] });
      await expectRefused(
        clerk,
        ["groups.update", { id, permissions: [] }],
        ["groups.update", { id, permissions: ["auth.view_user"] }],
        ["groups.update", { id, permissions }],
        ["groups.update", { id, permissions: [...permissions, "auth.add_user"] }],
        ["groups.update", { id, name: freshName() }],
        ["groups.update", { id: id.toUpperCase(), name: freshName(), permissions: [] }],
        ["groups.update", { id }],
        ["groups.delete", { id }],
        ["groups.delete", { id: id.toUpperCase() }],
      );
      expect((await ask(live, "me.permissions", { token: member.token })).body).toEqual(permissions.toSorted());
    });

    test("an id that no group has is said not to be there", async () => {
      for (const procedure of ["groups.update", "groups.delete"]) {
        expect(outcomeOf(await asClerk(procedure, { id: boss.id }))).toBe("404 not_found");
      }
    });
  });

  test("does all of it with a group that gives no more than they hold, and keeps away from it what they do not", async () => {
    const { id } = await createGroup(["auth.view_user", "auth.add_user"]);
    const beyond = ["auth.view_user", "auth.view_auditevent"];
    await expectRefused(clerk, ["groups.update", { id, permissions: beyond }]);
    const changes = { name: freshName(), permissions: ["auth.view_user", "auth.change_group"] };
    expect(outcomeOf(await asClerk("groups.update", { id, ...changes }))).toBe("ok");
    expect(outcomeOf(await asClerk("groups.update", { id, permissions: [] }))).toBe("ok");
    expect(outcomeOf(await asClerk("groups.delete", { id }))).toBe("ok");
  });

  for (const { tags, cases } of shareOut([8, 30], 2))
    test.each(cases)(
      "deletes no group that becomes more than theirs at the same moment, %i times",
      { tags },
      async (trials) => {
        const leader = await toAdministrator(live.test, clerk);
        const chief = await toAdministrator(live.test, boss);
        const other = await live.test.another();
        for (let trial = 0; trial < trials; trial++) {
          const { id } = await createGroup(["auth.view_user"]);
          const [raised, deleted] = await Promise.allSettled([
            live.test.auth.groups.update(chief, id, { permissions: ["auth.view_user", "auth.view_auditevent"] }),
            trial % 2 ? other.groups.delete(leader, id) : other.groups.update(leader, id, { permissions: [] }),
          ]);
          const left = await live.test.database.query<{ permission: string }>(
            "select permission from latchkey.group_permissions where group_id = $1 order by 1",
            [id],
          );
          // Whoever came first: the clerk to what was theirs, or the superuser, and then the clerk is refused.
          if (deleted.status === "rejected") expect(deleted.reason).toMatchObject({ code: "permission_denied" });
          if (raised.status === "rejected") expect(raised.reason).toMatchObject({ code: "not_found" });
          expect(left.length).toBe(raised.status === "rejected" ? 0 : 2);
        }
      },
    );

  test("puts nothing into a group that they are in themselves, and takes out what they like", async () => {
    const own = await createGroup(["auth.view_user"]);
    const member = await createPerson(live.test, { permissions: clerkRights, groups: [own.name] });
    const permissions = ["auth.view_user", "auth.change_user"];
    await expectRefused(member, ["groups.update", { id: own.id, permissions }]);
    expect(outcomeOf(await asClerk("groups.update", { id: own.id, name: freshName() }, member))).toBe("ok");
    expect(outcomeOf(await asClerk("groups.update", { id: own.id, permissions: [] }, member))).toBe("ok");
  });

  test("takes a group or a permission from nobody who holds more than they", async () => {
    const [given, strong] = [await createGroup(["auth.view_user"]), await createGroup(["auth.view_auditevent"])];
    const above = await Promise.all([
      createPerson(live.test, { groups: [given.name, strong.name] }),
      createPerson(live.test, { groups: [given.name], permissions: ["auth.view_user", "auth.view_auditevent"] }),
      createPerson(live.test, { groups: [given.name], permissions: ["auth.view_user"], isStaff: true }),
      createPerson(live.test, { groups: [given.name], permissions: ["auth.view_user"], isSuperuser: true }),
    ]);
    for (const { id } of above) {
      await expectRefused(
        clerk,
        ...[[], [strong.id], [given.id]].map((groupIds): Attempt => ["users.setGroups", { id, groupIds }]),
        ...[[], ["auth.view_user"], ["auth.view_auditevent"]].map(
          (permissions): Attempt => ["users.setPermissions", { id, permissions }],
        ),
      );
    }
    const below = await createPerson(live.test, { groups: [given.name], permissions: ["auth.view_user"] });
    expect(outcomeOf(await asClerk("users.setGroups", { id: below.id, groupIds: [] }))).toBe("ok");
    expect(outcomeOf(await asClerk("users.setPermissions", { id: below.id, permissions: [] }))).toBe("ok");
  });

  test("gives themselves nothing: no group, no permission, not even what they hold by a group", async () => {
    const group = await createGroup(clerkRights);
    const empty = await createGroup([]);
    const member = await createPerson(live.test, { groups: [group.name] });
    await expectRefused(
      clerk,
      ["users.setPermissions", { id: clerk.id, permissions: [...clerkRights, "auth.view_auditevent"] }],
      ["users.setGroups", { id: clerk.id, groupIds: [group.id] }],
      ["users.setGroups", { id: clerk.id.toUpperCase(), groupIds: [empty.id] }],
    );
    await expectRefused(
      member,
      ["users.setPermissions", { id: member.id, permissions: ["auth.change_user"] }],
      ["users.setGroups", { id: member.id, groupIds: [group.id, empty.id] }],
    );
    expect(outcomeOf(await asClerk("users.setPermissions", { id: member.id, permissions: [] }, member))).toBe("ok");
  });

  describe("neither changes nor deletes nor signs out somebody above them:", () => {
    for (const { tags, cases } of shareOut<[string, () => Promise<Person>]>(
      [
        ["a superuser", () => createPerson(live.test, { isSuperuser: true })],
        ["staff", () => createPerson(live.test, { isStaff: true })],
        ["who holds one permission more", () => createPerson(live.test, { permissions: ["auth.view_auditevent"] })],
        [
          "who holds one permission more by a group",
          async () => createPerson(live.test, { groups: [(await createGroup(["auth.view_auditevent"])).name] }),
        ],
      ],
      2,
    ))
      test.each(cases)("%s", { tags }, async (_, create) => {
        const { id, token } = await create();
        await expectRefused(
          clerk,
          ["users.update", { id, changes: { city: "x" } }],
          ["users.update", { id, changes: { phoneNumber: "+905329990000" } }],
          ["users.update", { id, changes: { isActive: false } }],
          ["users.update", { id, changes: { isStaff: false, isSuperuser: false } }],
          ["users.update", { id, changes: {} }],
          ["users.delete", { id }],
          ["users.setGroups", { id, groupIds: [] }],
          ["users.setPermissions", { id, permissions: [] }],
          ["users.endSessions", { id }],
          ["users.endSessions", { id: id.toUpperCase() }],
          ["users.endSessions", { id, sessionId: (await toAdministrator(live.test, { token })).session.id }],
          ["users.createPasswordCode", { id }],
          ["users.unlock", { id }],
          ["users.listSessions", { id }],
          ["users.listPendingChanges", { id }],
          ["users.getWaysIn", { id }],
          ["users.stopPendingChange", { id, changeId: randomUUID() }],
        );
        expect(outcomeOf(await ask(live, "me.get", { token }))).toBe("ok");
      });

    test("an inactive superuser, who could come back", async () => {
      const { id } = await createPerson(live.test, { isSuperuser: true });
      await asBoss("users.update", { id, changes: { isActive: false } });
      await expectRefused(
        clerk,
        ...[{ isActive: true }, { city: "x" }].map((changes): Attempt => ["users.update", { id, changes }]),
      );
    });
  });
});

describe("whoever holds nothing", () => {
  let somebody: Person;
  beforeAll(async () => {
    somebody = await createPerson(live.test);
  });

  test("gets nowhere with other people's ids, nor with their own", async () => {
    const [mallory, victim] = [await createPerson(live.test), await createPerson(live.test)];
    const { session } = await toAdministrator(live.test, victim);
    const { id } = await createGroup([]);
    const [note] = await live.test.database.query<{ id: string }>(
      "insert into notes.notes (id, title, body) values (gen_random_uuid(), 'a', 'b') returning id",
    );
    const tries: Attempt[] = [victim.id, mallory.id].flatMap((id): Attempt[] => [
      ["users.get", { id }],
      ["users.update", { id, changes: { isSuperuser: true } }],
      ["users.delete", { id }],
      ["users.setGroups", { id, groupIds: [] }],
      ["users.setPermissions", { id, permissions: [] }],
      ["users.endSessions", { id }],
      ["users.createPasswordCode", { id }],
      ["users.unlock", { id }],
      ["users.listSessions", { id }],
      ["users.listPendingChanges", { id }],
      ["users.getWaysIn", { id }],
      ["users.stopPendingChange", { id, changeId: randomUUID() }],
      ["audit.list", { userId: id }],
    ]);
    tries.push(
      ["groups.update", { id, permissions: ["auth.view_user"] }],
      ["groups.delete", { id }],
      ["notes.update", { id: note?.id, title: "x" }],
      ["notes.delete", { id: note?.id }],
      ["sessions.revoke", { id: session.id }, "404 not_found"],
    );
    await expectRefused(mallory, ...tries);
    expect(outcomeOf(await ask(live, "me.get", { token: victim.token }))).toBe("ok");
    expect((await ask(live, "sessions.list", { token: mallory.token })).text).not.toContain(session.id);
  });

  test.each([
    "isSuperuser",
    "isStaff",
    "isActive",
    "id",
    "username",
    "phoneNumber",
    "email",
    "permissions",
    "groups",
    "userId",
  ])("gets nothing by a field %s in me.update", async (field) => {
    await expectRefused(somebody, ["me.update", { city: "x", [field]: true }, "400 invalid_input"]);
  });

  test("learns no more from an input that is wrong than from one that is right", async () => {
    const { token } = somebody;
    for (const procedure of ["users.get", "users.update", "groups.delete", "audit.list", "notes.create"]) {
      expect(outcomeOf(await ask(live, procedure, { input: { wrong: 1 }, token }))).toBe("403 permission_denied");
      expect(outcomeOf(await ask(live, procedure, { input: { wrong: 1 } }))).toBe("401 token_missing");
    }
  });
});

const withInput = Object.keys(procedureInputs).filter((name) => procedureInputs[name] !== undefined);

for (const { tags, cases } of shareOut(withInput, 12))
  test.each(cases)("%s refuses a field that it does not know, from a superuser too", { tags }, async (procedure) => {
    for (const field of ["isSuperuser_", "__proto__x", "where", "actorName"]) {
      const answer = await asBoss(procedure, { [field]: true });
      expect(answer.body.data).toMatchObject({ reason: "invalid_input" });
      expect(answer.body.data.issues).toContainEqual({
        path: [field],
        code: "unknown_field",
        message: "There is no such field",
      });
    }
  });

describe("the last active superuser", () => {
  let own: LiveServer;
  beforeAll(async () => {
    own = await startLiveServer();
  });
  beforeEach(() => own.test.database.query("delete from latchkey.users"));
  afterAll(() => own[Symbol.asyncDispose]());

  for (const { tags, cases } of shareOut<[string, (id: string) => [string, object]]>(
    [
      ["deleted", (id) => ["users.delete", { id }]],
      ["demoted", (id) => ["users.update", { id, changes: { isSuperuser: false } }]],
      ["deactivated", (id) => ["users.update", { id, changes: { isActive: false } }]],
      [
        "demoted among other changes",
        (id) => ["users.update", { id, changes: { city: "x", isSuperuser: false, isStaff: true } }],
      ],
    ],
    2,
  ))
    test.each(cases)("cannot be %s, by themselves, while an inactive one does not count", { tags }, async (_, make) => {
      const last = await createPerson(own.test, { isSuperuser: true });
      const inactive = await createPerson(own.test, { isSuperuser: true });
      await ask(own, "users.update", { input: { id: inactive.id, changes: { isActive: false } }, token: last.token });
      for (const id of [last.id, last.id.toUpperCase()]) {
        const [procedure, input] = make(id);
        expect(outcomeOf(await ask(own, procedure, { input, token: last.token }))).toBe("403 permission_denied");
      }
      expect((await ask(own, "me.get", { token: last.token })).body).toMatchObject({
        isSuperuser: true,
        isActive: true,
      });

      await ask(own, "users.update", { input: { id: inactive.id, changes: { isActive: true } }, token: last.token });
      const [procedure, input] = make(last.id);
      expect(outcomeOf(await ask(own, procedure, { input, token: last.token }))).toBe("ok");
    });

  for (const { tags, cases } of shareOut([12, 50], 2))
    test.each(cases)(
      "remains when two unmake each other at the same moment on two processes, %i times",
      { tags },
      async (trials) => {
        const other = await own.test.another();
        const { auth, database } = own.test;
        const people = [
          await createPerson(own.test, { isSuperuser: true }),
          await createPerson(own.test, { isSuperuser: true }),
        ];
        const [first, second] = await Promise.all(people.map((person) => toAdministrator(own.test, person)));
        if (!first || !second) throw new Error("both are signed in");
        const changes = [{ isSuperuser: false }, { isActive: false }];
        for (let trial = 0; trial < trials; trial++) {
          const change = changes[trial % 2] ?? {};
          const outcomes = await Promise.allSettled([
            auth.users.update(first, second.user.id, change),
            other.users.update(second, first.user.id, change),
          ]);
          expect(outcomes.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
          const refused = outcomes.find((outcome) => outcome.status === "rejected");
          expect(refused?.reason).toMatchObject({ code: "permission_denied" });
          const left = await database.query("select id from latchkey.users where is_superuser and is_active");
          expect(left).toHaveLength(1);
          await database.query("update latchkey.users set is_superuser = true, is_active = true");
        }
      },
    );

  test("remains when two delete each other, or one the other and themselves", { tags: ["long"] }, async () => {
    const other = await own.test.another();
    for (let trial = 0; trial < 10; trial++) {
      await own.test.database.query("delete from latchkey.users");
      const people = [
        await createPerson(own.test, { isSuperuser: true }),
        await createPerson(own.test, { isSuperuser: true }),
      ];
      const [first, second] = await Promise.all(people.map((person) => toAdministrator(own.test, person)));
      if (!first || !second) throw new Error("both are signed in");
      const [one, another] = trial % 2 ? [second, second] : [first, second];
      await Promise.allSettled([
        own.test.auth.users.delete(one, second.user.id),
        other.users.delete(another, first.user.id),
      ]);
      const left = await own.test.database.query("select from latchkey.users where is_superuser and is_active");
      expect(left).toHaveLength(1);
    }
  });
});

test("whoever was a superuser when the call came in and is none when it is carried out is refused", async () => {
  const { auth, database } = live.test;
  const former = await toAdministrator(live.test, await createPerson(live.test, { isSuperuser: true }));
  const { id } = await createPerson(live.test);
  await database.query("update latchkey.users set is_superuser = false where id = $1", [former.user.id]);
  await expect(auth.users.update(former, id, { isSuperuser: true })).rejects.toMatchObject({
    code: "permission_denied",
  });
  await expect(auth.users.delete(former, id)).rejects.toMatchObject({ code: "permission_denied" });
  const permissions = ["auth.delete_user"];
  const group = await auth.operator.createGroup({ name: freshName(), permissions: [] });
  const acts = [
    () => auth.groups.create(former, { name: freshName(), permissions }),
    () => auth.groups.update(former, group.id, { permissions }),
    () => auth.groups.delete(former, group.id),
    () => auth.declarePermissions(former, { app: "shop", permissions: ["shop.order"] }),
  ];
  for (const act of acts) await expect(act()).rejects.toMatchObject({ code: "permission_denied" });
});

for (const { tags, cases } of shareOut([4, 10], 2))
  test.each(cases)(
    "of two at the same moment, who puts a number without a password into a group and who gives the group its first right, one is refused, %i times",
    { tags },
    async (rounds) => {
      const { auth, database } = live.test;
      const member = await createPerson(live.test);
      await database.query("update latchkey.users set password = '!' where id = $1", [member.id]);
      for (let round = 0; round < rounds; round++) {
        const group = await auth.operator.createGroup({ name: freshName(), permissions: [] });
        const answers = await Promise.all([
          asBoss("users.setGroups", { id: member.id, groupIds: [group.id] }),
          asBoss("groups.update", { id: group.id, permissions: ["auth.delete_user"] }),
        ]);
        expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 403]);
        await auth.operator.deleteGroup(group.name);
      }
    },
  );

test("nobody changes their own number or address by administering, where an owner is asked for proofs and has to wait", async () => {
  const admin = await toAdministrator(live.test, await createPerson(live.test, { isSuperuser: true }));
  for (const changes of [{ phoneNumber: "+905327779912" }, { phoneNumber: null }, { email: "own@example.com" }]) {
    const act = live.test.auth.users.update(admin, admin.user.id, changes);
    await expect(act).rejects.toMatchObject({ code: "permission_denied" });
  }
});

test("a group that gives nothing is given no rights while somebody in it has no password", async () => {
  const { auth } = live.test;
  const name = freshName();
  const group = await auth.operator.createGroup({ name, permissions: [] });
  const [withPassword, byNumber] = [await createPerson(live.test), await createPerson(live.test)];
  await live.test.database.query("update latchkey.users set password = '!' where id = $1", [byNumber.id]);
  for (const { id } of [withPassword, byNumber]) await asBoss("users.setGroups", { id, groupIds: [group.id] });
  const give = () => asBoss("groups.update", { id: group.id, permissions: ["auth.view_user"] });
  expect(await give()).toMatchObject({
    status: 403,
    body: { message: expect.stringMatching(/^Members of the group have no password, 1 at least/) },
  });
  await auth.operator.createPasswordCode(byNumber.username);
  expect((await give()).status).toBe(200);
});
