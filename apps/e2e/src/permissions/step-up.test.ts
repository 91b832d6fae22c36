import { shareOut } from "@latchkey/auth/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type LiveServer, startLiveServer } from "../live-server.ts";
import { createPerson, freshName, type Person, password } from "./accounts-in-core.ts";
import { ask } from "./call-as.ts";

let live: LiveServer;
let boss: Person;
let groupId: string;
beforeAll(async () => {
  live = await startLiveServer();
  boss = await createPerson(live.test, { isSuperuser: true });
  const { body } = await asBoss("groups.create", { name: freshName(), permissions: [] });
  groupId = body.id;
});
afterAll(() => live[Symbol.asyncDispose]());

const asBoss = (procedure: string, input?: unknown) => ask(live, procedure, { input, token: boss.token });

type Input = (id: string) => unknown;

/** What hands an account to somebody, or raises one. */
const becoming: readonly (readonly [name: string, procedure: string, input: Input])[] = [
  ["groups", "users.setGroups", (id) => ({ id, groupIds: [groupId] })],
  ["permissions", "users.setPermissions", (id) => ({ id, permissions: ["auth.view_user"] })],
  ["unlocking", "users.unlock", (id) => ({ id })],
  ["a code for a password", "users.createPasswordCode", (id) => ({ id })],
  ["another username", "users.update", (id) => ({ id, changes: { username: freshName() } })],
  [
    "another address",
    "users.update",
    (id) => ({ id, changes: { email: `${freshName()}@example.com`, city: "Izmir" } }),
  ],
  ["taking a number away", "users.update", (id) => ({ id, changes: { phoneNumber: null } })],
  ["enabling", "users.update", (id) => ({ id, changes: { isActive: true } })],
  ["making staff", "users.update", (id) => ({ id, changes: { isStaff: true } })],
  ["unmaking staff", "users.update", (id) => ({ id, changes: { isStaff: false } })],
  ["unmaking a superuser", "users.update", (id) => ({ id, changes: { isSuperuser: false } })],
  ["making a superuser", "users.update", (id) => ({ id, changes: { isSuperuser: true } })],
  ["an account with a rank", "users.create", () => ({ username: freshName(), isStaff: true })],
  ["what a group gives", "groups.update", () => ({ id: groupId, permissions: ["auth.view_user"] })],
];

/** What cannot be taken back, keeps people out or copies everything. */
const grave: readonly (readonly [name: string, procedure: string, input: Input])[] = [
  ["ending sessions", "users.endSessions", (id) => ({ id })],
  ["having a password replaced", "users.requirePasswordChange", (id) => ({ id })],
  ["taking factors away", "users.resetSecondFactor", (id) => ({ id })],
  ["deleting", "users.delete", (id) => ({ id })],
  ["a copy of the audit trail", "audit.export", () => ({ limit: 1 })],
];

/** What nobody becomes anybody by. */
const plain: readonly (readonly [name: string, procedure: string, input: Input])[] = [
  ["a profile", "users.update", (id) => ({ id, changes: { city: "Izmir" } })],
  ["disabling", "users.update", (id) => ({ id, changes: { isActive: false } })],
  ["a page of the audit trail", "audit.list", () => ({ limit: 100 })],
  ["a plain account", "users.create", () => ({ username: freshName() })],
  ["a group's name", "groups.update", () => ({ id: groupId, name: freshName() })],
];

describe("an administrator whose sign-in is older than ten minutes", () => {
  beforeAll(() => live.test.clock.advance(601));

  for (const { tags, cases } of shareOut([...becoming, ...grave], 3))
    test.each(cases)("is asked who they are before %s, and nothing is done", { tags }, async (_, procedure, input) => {
      const { id } = await createPerson(live.test);
      const before = (await asBoss("users.get", { id })).body;
      const { status, body } = await asBoss(procedure, input(id));
      expect([status, body.data]).toMatchObject([403, { reason: "reauthentication_required", maxAge: 600 }]);
      expect((await asBoss("users.get", { id })).body).toEqual(before);
    });

  test.each([{ isStaff: true }, { isSuperuser: true }, { permissions: ["auth.view_group"] }])(
    "is asked before disabling somebody with %o",
    async (rights) => {
      const { id } = await createPerson(live.test, rights);
      const { status, body } = await asBoss("users.update", { id, changes: { isActive: false } });
      expect([status, body.data]).toMatchObject([403, { reason: "reauthentication_required" }]);
      expect((await asBoss("users.get", { id })).body).toMatchObject({ user: { isActive: true } });
    },
  );

  for (const { tags, cases } of shareOut(plain, 3))
    test.each(cases)("is not asked before %s", { tags }, async (_, procedure, input) => {
      const { id } = await createPerson(live.test);
      expect((await asBoss(procedure, input(id))).status).toBe(200);
    });

  for (const { tags, cases } of shareOut([...becoming, ...grave], 3))
    test.each(cases)("goes on with %s after their password", { tags }, async (_, procedure, input) => {
      expect((await asBoss("me.reauthenticate", { password })).status).toBe(200);
      const { id } = await createPerson(live.test);
      expect((await asBoss(procedure, input(id))).status).toBe(200);
    });

  test("without the permission is refused for that, and told nothing of the rest", async () => {
    const other = await createPerson(live.test);
    await live.test.clock.advance(601);
    const { body } = await ask(live, "users.unlock", { input: { id: boss.id }, token: other.token });
    expect(body.data.reason).toBe("permission_denied");
  });
});

describe("an administrator whose password a code that was sent has set today", () => {
  beforeAll(async () => {
    boss = await createPerson(live.test, { isSuperuser: true });
    await live.test.database.query("update latchkey.users set reset_by_code_at = latchkey.now() where id = $1", [
      boss.id,
    ]);
  });

  for (const { tags, cases } of shareOut([...becoming, ...grave], 3))
    test.each(cases)("has to wait before %s, and nothing is done", { tags }, async (_, procedure, input) => {
      expect((await asBoss("me.reauthenticate", { password })).status).toBe(200);
      const { id } = await createPerson(live.test);
      const before = (await asBoss("users.get", { id })).body;
      const { status, body } = await asBoss(procedure, input(id));
      expect([status, body.data]).toMatchObject([403, { reason: "permission_denied" }]);
      expect((await asBoss("users.get", { id })).body).toEqual(before);
    });

  for (const { tags, cases } of shareOut(plain, 3))
    test.each(cases)("need not wait for %s", { tags }, async (_, procedure, input) => {
      const { id } = await createPerson(live.test);
      expect((await asBoss(procedure, input(id))).status).toBe(200);
    });
});
