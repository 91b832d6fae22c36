import { createLog } from "@latchkey/api/log";
import { type RunningServer, startServer } from "@latchkey/api/server";
import { shareOut } from "@latchkey/auth/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type LiveServer, startLiveServer } from "../live-server.ts";
import { createPerson, freshName, type Person } from "./accounts-in-core.ts";
import { ask, outcomeOf } from "./call-as.ts";

/** Two services with cores of their own on one database. */
let live: LiveServer;
let other: RunningServer;
let boss: Person;
beforeAll(async () => {
  live = await startLiveServer();
  const log = createLog("info", { write: () => {} });
  other = await startServer({ auth: await live.test.another(), log, host: "127.0.0.1", port: 0 });
  boss = await createPerson(live.test, { isSuperuser: true });
});
afterAll(async () => {
  await other.close();
  await live[Symbol.asyncDispose]();
});

// Neither differs from the other.
for (const { tags, cases } of shareOut([0, 1], 2))
  describe.each(cases)("what process %i does is in force on the very next call to the other:", { tags }, (side) => {
    const here = () => (side ? other : live);
    const there = () => (side ? live : other);
    const action = async (procedure: string, input: object) => {
      const answer = await ask(here(), procedure, { input, token: boss.token });
      expect(outcomeOf(answer)).toBe("ok");
      return answer.body;
    };
    /** What the other process answers to a call that needs `auth.view_group`, and which permissions it tells of. */
    const look = async ({ token }: Person) => {
      const answers = await Promise.all(["groups.list", "me.permissions"].map((name) => ask(there(), name, { token })));
      const [call, told] = answers;
      return [call && outcomeOf(call), Array.isArray(told?.body) ? told.body : told && outcomeOf(told)];
    };
    const nothing = ["403 permission_denied", []];
    const granted = ["ok", ["auth.view_group"]];

    test("a permission that is given, and one that is taken", async () => {
      const person = await createPerson(live.test);
      expect(await look(person)).toEqual(nothing);
      await action("users.setPermissions", { id: person.id, permissions: ["auth.view_group"] });
      expect(await look(person)).toEqual(granted);
      await action("users.setPermissions", { id: person.id, permissions: [] });
      expect(await look(person)).toEqual(nothing);
    });

    test("a group that is given, changed, taken and deleted", async () => {
      const person = await createPerson(live.test);
      const { id: groupId } = await action("groups.create", { name: freshName(), permissions: ["auth.view_group"] });
      await action("users.setGroups", { id: person.id, groupIds: [groupId] });
      expect(await look(person)).toEqual(granted);
      await action("groups.update", { id: groupId, permissions: [] });
      expect(await look(person)).toEqual(nothing);
      await action("groups.update", { id: groupId, permissions: ["auth.view_group"] });
      expect(await look(person)).toEqual(granted);
      await action("users.setGroups", { id: person.id, groupIds: [] });
      expect(await look(person)).toEqual(nothing);
      await action("users.setGroups", { id: person.id, groupIds: [groupId] });
      expect(await look(person)).toEqual(granted);
      await action("groups.delete", { id: groupId });
      expect(await look(person)).toEqual(nothing);
    });

    test("the mark of a superuser, set and taken", async () => {
      const person = await createPerson(live.test);
      await action("users.update", { id: person.id, changes: { isSuperuser: true } });
      expect(await look(person)).toEqual(["ok", expect.arrayContaining(["auth.delete_user", "notes.add_note"])]);
      await action("users.update", { id: person.id, changes: { isSuperuser: false } });
      expect(await look(person)).toEqual(nothing);
    });

    test("deactivation, deletion and the end of all sessions", async () => {
      const rights = { permissions: ["auth.view_group"] };
      const people = await Promise.all([1, 2, 3].map(() => createPerson(live.test, rights)));
      const [disabled, deleted, signedOut] = people as [Person, Person, Person];
      for (const person of people) expect(await look(person)).toEqual(granted);
      await action("users.update", { id: disabled.id, changes: { isActive: false } });
      expect(await look(disabled)).toEqual(["401 account_disabled", "401 account_disabled"]);
      await action("users.delete", { id: deleted.id });
      expect(await look(deleted)).toEqual(["401 session_ended", "401 session_ended"]);
      await action("users.endSessions", { id: signedOut.id });
      expect(await look(signedOut)).toEqual(["401 session_ended", "401 session_ended"]);
    });
  });
