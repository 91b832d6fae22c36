import { shareOut } from "@latchkey/auth/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type LiveServer, startLiveServer } from "../live-server.ts";
import { createPerson, freshName, type Person, password, toAdministrator } from "./accounts-in-core.ts";
import { ask, outcomeOf } from "./call-as.ts";

// The code with which an administrator helps somebody who has forgotten their password.

let live: LiveServer;
let boss: Person;
/** May change users, and nothing else. */
let clerk: Person;
beforeAll(async () => {
  live = await startLiveServer();
  boss = await createPerson(live.test, { isSuperuser: true });
  clerk = await createPerson(live.test, { permissions: ["auth.change_user"] });
});
afterAll(() => live[Symbol.asyncDispose]());

const newPassword = "another good phrase";
const asBoss = (procedure: string, input: object) => ask(live, procedure, { input, token: boss.token });
const issue = (id: string, by = boss) => ask(live, "users.createPasswordCode", { input: { id }, token: by.token });
const signIn = async (username: string, typed: string) =>
  outcomeOf(await ask(live, "token.obtain", { input: { username, password: typed } }));
const useCode = async (username: string, code: string) =>
  outcomeOf(await ask(live, "password.reset", { input: { username, code, newPassword } }));

/** A code that an administrator has made for somebody. */
async function issuedBy(issuer: Person, { id }: Person): Promise<string> {
  const answer = await issue(id, issuer);
  expect(answer).toMatchObject({ status: 200 });
  return answer.body.setPasswordCode;
}

const readEvents = (id: string) =>
  live.test.database.query(
    "select event, actor_id, address, request_id, detail from latchkey.audit_events where subject_id = $1 order by position",
    [id],
  );

describe("users.createPasswordCode", () => {
  test("answers a code once, and changes nothing until the owner uses it: then the sessions end", async () => {
    const { id, username, token, refreshToken } = await createPerson(live.test);
    const answer = await issue(id, clerk);
    const { setPasswordCode: code, expiresAt, ...rest } = answer.body;
    expect(rest).toEqual({});
    expect(code).toMatch(/^[0-9A-HJKMNP-TV-Z]{5}(-[0-9A-HJKMNP-TV-Z]{5}){5}$/);
    const lifetime = Date.parse(expiresAt) - live.test.clock.now().getTime();
    expect(Math.round(lifetime / 3_600_000)).toBe(72);
    expect((await readEvents(id)).at(-1)).toEqual({
      event: "set_password_code_issued",
      actor_id: clerk.id,
      address: "127.0.0.1",
      request_id: answer.headers.get("x-request-id"),
      detail: {},
    });

    expect(outcomeOf(await ask(live, "me.get", { token }))).toBe("ok");
    expect(outcomeOf(await ask(live, "token.refresh", { input: { refreshToken } }))).toBe("ok");
    expect(await signIn(username, password)).toBe("ok");

    expect(await useCode(username, code)).toBe("ok");
    expect(outcomeOf(await ask(live, "me.get", { token }))).toBe("401 session_ended");
    expect(await signIn(username, password)).toBe("400 invalid_credentials");
    expect(await signIn(username, newPassword)).toBe("ok");
    expect(await useCode(username, code)).toBe("400 code_invalid");
  });

  test("makes an earlier code good no more, and of many at the same moment leaves one", async () => {
    const { user, setPasswordCode: first } = (await asBoss("users.create", { username: freshName() })).body;
    const second = (await issue(user.id)).body.setPasswordCode;
    expect(await useCode(user.username, first)).toBe("400 code_invalid");
    const answers = await Promise.all(Array.from({ length: 6 }, () => issue(user.id)));
    const codes = answers.map((answer) => answer.body.setPasswordCode);
    expect(await useCode(user.username, second)).toBe("400 code_invalid");
    const outcomes = await Promise.all(codes.map((code) => useCode(user.username, code)));
    expect(outcomes.toSorted()).toEqual([...Array.from({ length: 5 }, () => "400 code_invalid"), "ok"]);
  });

  test("is not for oneself, be it a superuser: a session that is left open must not be worth the account", async () => {
    for (const own of [boss, clerk]) {
      for (const id of [own.id, own.id.toUpperCase()]) {
        const answer = await issue(id, own);
        expect(outcomeOf(answer)).toBe("403 permission_denied");
        expect(answer.body.message).toContain("me.changePassword");
      }
    }
  });

  test("is not for a disabled account, and a code from before does not come back with the account", async () => {
    const person = await createPerson(live.test);
    const code = await issuedBy(boss, person);
    await asBoss("users.update", { id: person.id, changes: { isActive: false } });
    const { status, body } = await issue(person.id);
    expect({ status, issues: body.data.issues }).toEqual({
      status: 400,
      issues: [{ path: ["id"], code: "disabled", message: "is a disabled account: enable it first" }],
    });
    await asBoss("users.update", { id: person.id, changes: { isActive: true } });
    expect(await useCode(person.username, code)).toBe("400 code_invalid");
    expect(await signIn(person.username, password)).toBe("ok");
  });
});

describe("a code that was made is good no more", () => {
  test("when its owner changes the password, or the operator does", async () => {
    const [one, two] = [await createPerson(live.test), await createPerson(live.test)];
    const [ones, twos] = [await issuedBy(boss, one), await issuedBy(boss, two)];
    const input = { currentPassword: password, newPassword: "a third good phrase" };
    expect(outcomeOf(await ask(live, "me.changePassword", { input, token: one.token }))).toBe("ok");
    await live.test.auth.operator.changePassword(two.username, "a third good phrase");
    expect(await useCode(one.username, ones)).toBe("400 code_invalid");
    expect(await useCode(two.username, twos)).toBe("400 code_invalid");
  });

  for (const { tags, cases } of shareOut<[string, (person: Person) => Promise<unknown>]>(
    [
      ["becomes staff", ({ id }) => asBoss("users.update", { id, changes: { isStaff: true } })],
      ["becomes a superuser", ({ id }) => asBoss("users.update", { id, changes: { isSuperuser: true } })],
      [
        "gets a permission that its maker does not hold",
        ({ id }) => asBoss("users.setPermissions", { id, permissions: ["auth.view_group"] }),
      ],
      [
        "gets one by a group",
        async ({ id }) => {
          const group = await asBoss("groups.create", { name: freshName(), permissions: ["auth.view_group"] });
          return asBoss("users.setGroups", { id, groupIds: [group.body.id] });
        },
      ],
    ],
    2,
  ))
    test.each(cases)("when the account %s", { tags }, async (_, raise) => {
      const person = await createPerson(live.test);
      const code = await issuedBy(clerk, person);
      expect(outcomeOf((await raise(person)) as Awaited<ReturnType<typeof asBoss>>)).toBe("ok");
      expect(await useCode(person.username, code)).toBe("400 code_invalid");
      expect(await signIn(person.username, password)).toBe("ok");
      // Whoever stands above it still helps.
      expect(await useCode(person.username, await issuedBy(boss, person))).toBe("ok");
    });

  for (const { tags, cases } of shareOut<[string, (helper: Person) => Promise<unknown>]>(
    [
      ["is disabled", ({ id }) => asBoss("users.update", { id, changes: { isActive: false } })],
      ["is deleted", ({ id }) => asBoss("users.delete", { id })],
      ["may change users no more", ({ id }) => asBoss("users.setPermissions", { id, permissions: [] })],
      [
        "changes their password, since somebody may have found their session open",
        ({ token }) =>
          ask(live, "me.changePassword", {
            input: { currentPassword: password, newPassword: "a third good phrase" },
            token,
          }),
      ],
      [
        "has their password reset",
        ({ username }) => live.test.auth.operator.changePassword(username, "a third good phrase"),
      ],
    ],
    2,
  ))
    test.each(cases)("when whoever made it %s", { tags }, async (_, dismiss) => {
      const helper = await createPerson(live.test, { permissions: ["auth.change_user"] });
      const person = await createPerson(live.test);
      const code = await issuedBy(helper, person);
      await dismiss(helper);
      expect(await useCode(person.username, code)).toBe("400 code_invalid");
      expect(await signIn(person.username, password)).toBe("ok");
    });

  test("when its maker was a superuser and is none, unless they may do it still", async () => {
    const makers = await Promise.all([
      createPerson(live.test, { isSuperuser: true }),
      createPerson(live.test, { isSuperuser: true, permissions: ["auth.change_user"] }),
    ]);
    const outcomes: string[] = [];
    for (const maker of makers) {
      const person = await createPerson(live.test);
      const code = await issuedBy(maker, person);
      await asBoss("users.update", { id: maker.id, changes: { isSuperuser: false } });
      outcomes.push(await useCode(person.username, code));
    }
    expect(outcomes).toEqual(["400 code_invalid", "ok"]);
  });

  test("from users.create too: who could only add users cannot wait for a promotion", async () => {
    const adder = await createPerson(live.test, { permissions: ["auth.add_user"] });
    const create = () => ask(live, "users.create", { input: { username: freshName() }, token: adder.token });
    const [plain, raised] = [(await create()).body, (await create()).body];
    await asBoss("users.update", { id: raised.user.id, changes: { isSuperuser: true } });
    expect(await useCode(plain.user.username, plain.setPasswordCode)).toBe("ok");
    expect(await useCode(raised.user.username, raised.setPasswordCode)).toBe("400 code_invalid");
  });

  test("at the very moment of a promotion: nobody gets a superuser's account by an old code", {
    tags: ["long"],
    timeout: 60_000,
  }, async () => {
    const admin = await toAdministrator(live.test, boss);
    const other = await live.test.another();
    for (let trial = 0; trial < 20; trial++) {
      const person = await createPerson(live.test);
      const code = await issuedBy(clerk, person);
      const [reset, raised] = await Promise.allSettled([
        other.resetPassword({ username: person.username, code, newPassword }, live.test.facts),
        live.test.auth.users.update(admin, person.id, { isSuperuser: true }),
      ]);
      expect(raised.status).toBe("fulfilled");
      const events = (await readEvents(person.id)) as { event: string }[];
      const after = events.map(({ event }) => event).filter((event) => /password_reset$|user_updated/.test(event));
      expect(after).toEqual(reset.status === "fulfilled" ? ["password_reset", "user_updated"] : ["user_updated"]);
    }
  });
});

for (const { tags, cases } of shareOut([3, 10], 2))
  test.each(cases)(
    "codes that are made, used and withdrawn at the same moment, %i times, never stand in each other's way",
    { tags },
    async (trials) => {
      const person = await createPerson(live.test);
      const admin = await toAdministrator(live.test, boss);
      const { auth, facts } = live.test;
      for (let trial = 0; trial < trials; trial++) {
        const code = await issuedBy(boss, person);
        const outcomes = await Promise.allSettled([
          auth.resetPassword({ username: person.username, code, newPassword }, facts),
          auth.users.createPasswordCode(admin, person.id),
          auth.operator.createPasswordCode(person.username),
          auth.operator.changePassword(person.username, password),
          auth.users.update(admin, person.id, { isActive: true, city: "x" }),
        ]);
        for (const outcome of outcomes) {
          if (outcome.status === "rejected") expect(outcome.reason).toMatchObject({ code: "code_invalid" });
        }
      }
    },
  );

test("a new code helps somebody whose first one has run out", async () => {
  const admin = await createPerson(live.test, { isSuperuser: true });
  const create = (procedure: string, input: object) => ask(live, procedure, { input, token: admin.token });
  const { user, setPasswordCode: code } = (await create("users.create", { username: freshName() })).body;
  const use = (typed: string) =>
    ask(live, "password.reset", { input: { username: user.username, code: typed, newPassword } });
  await live.test.clock.advance(3 * 86_400);
  expect(outcomeOf(await use(code))).toBe("400 code_expired");
  const { username } = admin;
  const { token } = (await ask(live, "token.obtain", { input: { username, password } })).body;
  const fresh = await ask(live, "users.createPasswordCode", { input: { id: user.id }, token });
  expect(outcomeOf(await use(fresh.body.setPasswordCode))).toBe("ok");
});
