import { shareOut } from "@latchkey/auth/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type LiveServer, startLiveServer } from "../live-server.ts";
import { createPerson, freshName, type Person, password } from "./accounts-in-core.ts";
import { ask, outcomeOf } from "./call-as.ts";

let live: LiveServer;
let admin: Person;
beforeAll(async () => {
  live = await startLiveServer();
  admin = await createPerson(live.test, { isSuperuser: true });
});
afterAll(() => live[Symbol.asyncDispose]());

const newPassword = "another good phrase";

async function createAccount(input: object = {}): Promise<{ id: string; username: string; code: string }> {
  const answer = await ask(live, "users.create", { input: { username: freshName(), ...input }, token: admin.token });
  const { user, setPasswordCode: code } = answer.body;
  return { id: user.id, username: user.username, code };
}

const reset = (input: object) => ask(live, "password.reset", { input: { newPassword, ...input } });
const signIn = (username: string) => ask(live, "token.obtain", { input: { username, password: newPassword } });

describe("password.reset", () => {
  test("sets a password with the code that users.create answered, once", async () => {
    const { id, username, code } = await createAccount();
    expect(code).toMatch(/^[0-9A-HJKMNP-TV-Z]{5}(-[0-9A-HJKMNP-TV-Z]{5}){5}$/);
    expect(outcomeOf(await signIn(username))).toBe("400 invalid_credentials");

    const answer = await reset({ username, code });
    expect(answer).toMatchObject({ status: 200, body: {} });
    expect(outcomeOf(await signIn(username))).toBe("ok");
    expect(outcomeOf(await reset({ username, code, newPassword: "yet another phrase" }))).toBe("400 code_invalid");
    expect(outcomeOf(await signIn(username))).toBe("ok");
    const [event] = await live.test.database.query(
      "select actor_id, address, request_id, detail from latchkey.audit_events where subject_id = $1 and event = 'password_reset'",
      [id],
    );
    expect(event).toEqual({
      actor_id: null,
      address: "127.0.0.1",
      request_id: answer.headers.get("x-request-id"),
      detail: { sessionsEnded: 0 },
    });
  });

  for (const { tags, cases } of shareOut<[how: string, respell: (code: string) => string]>(
    [
      ["in small letters", (code: string) => code.toLowerCase()],
      ["without dashes", (code: string) => code.replaceAll("-", "")],
      ["with spaces", (code: string) => ` ${code.replaceAll("-", "  ")} `],
      ["with O for 0 and I and L for 1", (code: string) => code.replaceAll("0", "O").replaceAll("1", "I")],
      ["with o for 0 and l for 1", (code: string) => code.replaceAll("0", "o").replaceAll("1", "l")],
    ],
    3,
  ))
    test.each(cases)("takes a code that is typed %s", { tags }, async (_, respell) => {
      const { username, code } = await createAccount();
      expect(outcomeOf(await reset({ username, code: respell(code) }))).toBe("ok");
    });

  test("finds the account by any of its names", async () => {
    const phoneNumber = "+905321234567";
    const email = "by.name@example.com";
    for (const name of ["+90 532 123 45 67", "By.Name@example.com"]) {
      const { id, code } = await createAccount({ phoneNumber, email });
      expect(outcomeOf(await reset({ username: name, code }))).toBe("ok");
      await ask(live, "users.delete", { input: { id }, token: admin.token });
    }
  });

  test("of two who use a code at the same moment, one gets in", async () => {
    for (let trial = 0; trial < 10; trial++) {
      const { username, code } = await createAccount();
      const answers = await Promise.all([1, 2].map(() => reset({ username, code })));
      expect(answers.map(outcomeOf).sort()).toEqual(["400 code_invalid", "ok"]);
    }
  });

  test("says the same of a wrong code, somebody else's, one for nobody and one for an inactive account, to the letter", async () => {
    const mine = await createAccount();
    const other = await createAccount();
    const inactive = await createAccount();
    await ask(live, "users.update", { input: { id: inactive.id, changes: { isActive: false } }, token: admin.token });
    const usual = await createPerson(live.test);
    const attempts = [
      { username: mine.username, code: "00000-00000-00000-00000" },
      { username: mine.username, code: other.code },
      { username: mine.username, code: "?" },
      { username: usual.username, code: mine.code },
      { username: freshName(), code: mine.code },
      { username: "two words", code: mine.code },
      inactive,
    ];
    for (const { username, code } of attempts) {
      const { status, body } = await reset({ username, code });
      expect({ status, body }).toEqual({
        status: 400,
        body: {
          code: -32600,
          message: "The code is not good for that account",
          data: { code: "BAD_REQUEST", httpStatus: 400, path: "password.reset", reason: "code_invalid" },
        },
      });
    }
    for (const { username, code } of [mine, other]) expect(outcomeOf(await reset({ username, code }))).toBe("ok");
  });

  test("refuses a password that breaks the rules, and the code stays good for a better one", async () => {
    const { username, code } = await createAccount({ firstName: "Bartholomew" });
    for (const bad of ["tiny7", "password123", `${username}1`, "bartholomew1"]) {
      const answer = await reset({ username, code, newPassword: bad });
      expect(answer.body.data).toMatchObject({ reason: "password_rejected", issues: [{ path: ["newPassword"] }] });
      expect(answer.text).not.toContain(bad);
    }
    expect(outcomeOf(await reset({ username, code }))).toBe("ok");
  });

  test("does not tell by the password's rules what a stranger's names are", async () => {
    const { username } = await createAccount({ firstName: "Bartholomew" });
    const answer = await reset({ username, code: "00000-00000-00000-00000", newPassword: "bartholomew1" });
    expect(outcomeOf(answer)).toBe("400 code_invalid");
  });

  test("ends the sessions that the account has", async () => {
    const { id, username } = await createAccount();
    await live.test.auth.operator.changePassword(username, password);
    const { setPasswordCode: code } = await live.test.auth.operator.createPasswordCode(username);
    const { token } = await live.test.auth.signIn({ username, password }, live.test.facts);
    expect(outcomeOf(await reset({ username, code }))).toBe("ok");
    expect(outcomeOf(await ask(live, "me.get", { token }))).toBe("401 session_ended");
    const [event] = await live.test.database.query(
      "select detail from latchkey.audit_events where subject_id = $1 and event = 'password_reset' order by position desc limit 1",
      [id],
    );
    expect(event).toEqual({ detail: { sessionsEnded: 1 } });
  });

  test.each(["username", "code", "newPassword"])(
    "refuses an input without %s, and one with a field too many",
    async (field) => {
      const good = { username: freshName(), code: "00000-00000-00000-00000", newPassword };
      for (const input of [
        { ...good, [field]: undefined },
        { ...good, userId: admin.id },
      ]) {
        expect(outcomeOf(await reset(input))).toBe("400 invalid_input");
      }
    },
  );

  test("is over three days after the code was made, by the database's clock", async () => {
    await using own = await startLiveServer();
    const boss = await createPerson(own.test, { isSuperuser: true });
    const create = async () => {
      const { body } = await ask(own, "users.create", { input: { username: freshName() }, token: boss.token });
      return { username: body.user.username, code: body.setPasswordCode, newPassword, expiresAt: body.expiresAt };
    };
    const [early, late] = [await create(), await create()];
    const { expiresAt, ...atTheEnd } = early;
    expect(Date.parse(expiresAt)).toBeGreaterThan(own.test.clock.now().getTime() + 3 * 86_400_000 - 60_000);
    await own.test.clock.advance(3 * 86_400 - 60);
    expect(outcomeOf(await ask(own, "password.reset", { input: atTheEnd }))).toBe("ok");
    await own.test.clock.advance(60);
    const { expiresAt: _, ...tooLate } = late;
    for (let attempt = 0; attempt < 2; attempt++) {
      expect(outcomeOf(await ask(own, "password.reset", { input: tooLate }))).toBe("400 code_expired");
    }
    expect(await own.test.auth.purge()).toMatchObject({ codes: 1 });
    expect(outcomeOf(await ask(own, "password.reset", { input: tooLate }))).toBe("400 code_invalid");
  });
});

test("no code and no password stands in any table or in the log as it was shown", async () => {
  const used = await createAccount();
  const unused = await createAccount();
  await reset({ ...used, newPassword: "canary phrase of mine" });
  await reset({ username: unused.username, code: used.code, newPassword: "canary phrase of mine" });
  const { query } = live.test.database;
  const tables = await query<{ name: string }>(
    "select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname = 'latchkey'",
  );
  expect(tables.length).toBeGreaterThan(8);
  const dumps = await Promise.all(tables.map(({ name }) => query(`select t::text from ${name} t`)));
  const everything = JSON.stringify(dumps) + live.logged.join("");
  expect(everything).toContain(used.id);
  for (const secret of [used.code, unused.code, "canary phrase"]) {
    for (const spelling of [secret, secret.replaceAll("-", ""), secret.toLowerCase()]) {
      expect(everything).not.toContain(spelling);
    }
  }
});
