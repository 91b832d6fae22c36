import { shareOut } from "@latchkey/auth/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { invalidInput } from "../http/refusals.ts";
import { type LiveServer, startLiveServer } from "../live-server.ts";
import { createPerson, freshName, password, toAdministrator } from "./accounts-in-core.ts";
import { ask, outcomeOf } from "./call-as.ts";

let live: LiveServer;
beforeAll(async () => {
  live = await startLiveServer({ phones: { defaultCountry: "TR" } });
});
afterAll(() => live[Symbol.asyncDispose]());

const register = (input: object, server = live) => ask(server, "account.register", { input });
const signIn = (username: string, typed = password) =>
  ask(live, "token.obtain", { input: { username, password: typed } });

let phones = 0;
const freshPhone = () => `+90532${String(1_000_000 + ++phones)}`;

describe("account.register", () => {
  test("opens an account and signs in with it, and writes down who and from where", async () => {
    const username = `Ayşe_${freshName()}`;
    const answer = await register({ username, password, firstName: "Ayşe", gender: "Female" });

    expect(outcomeOf(answer)).toBe("ok");
    const { user, token, refreshToken } = answer.body;
    expect(user).toMatchObject({ username, firstName: "Ayşe", gender: "Female", isStaff: false, isSuperuser: false });
    expect((await ask(live, "me.get", { token })).body).toEqual({ ...user, phoneProofDue: false });
    expect((await ask(live, "me.permissions", { token })).body).toEqual([]);
    expect(outcomeOf(await ask(live, "token.refresh", { input: { refreshToken } }))).toBe("ok");
    expect(outcomeOf(await signIn(username.toUpperCase()))).toBe("ok");
    const events = await live.test.database.query(
      "select event, actor_id, address, request_id, detail from latchkey.audit_events where subject_id = $1 order by position limit 1",
      [user.id],
    );
    expect(events).toEqual([
      {
        event: "user_created",
        actor_id: user.id,
        address: "127.0.0.1",
        request_id: answer.headers.get("x-request-id"),
        detail: { by: "registration" },
      },
    ]);
  });

  test("is refused where the settings close it, before anything else is looked at", async () => {
    await using closed = await startLiveServer({ registration: "closed" });
    for (const username of [freshName(), "admin"]) {
      const answer = await register({ username, password }, closed);
      expect({ status: answer.status, data: answer.body.data }).toEqual({
        status: 403,
        data: { code: "FORBIDDEN", httpStatus: 403, path: "account.register", reason: "registration_closed" },
      });
    }
    expect(await closed.test.database.query("select from latchkey.users")).toEqual([]);
  });

  for (const { tags, cases } of shareOut(["admin", "No-Reply", "ádmin", "_Support_", "ＲＯＯＴ", "null"], 2))
    test.each(cases)("keeps %s for the service", { tags }, async (username) => {
      const answer = await register({ username, password });
      expect(answer.body.data).toMatchObject({
        reason: "invalid_input",
        issues: [{ path: ["username"], code: "reserved", message: "is kept for the service: choose another" }],
      });
    });

  for (const { tags, cases } of shareOut(
    [
      ["a Cyrillic letter in a Latin name", "pаypal", "mixed_scripts", "A username keeps to one alphabet"],
      ["a Greek letter in a Latin name", "gοogle", "mixed_scripts", "A username keeps to one alphabet"],
      ["digits of two scripts", "user1２٢", "mixed_scripts", "A username keeps to one alphabet"],
      ["a phone number", "+905321110000", "invalid_start", "A username starts with a letter or an underscore"],
      [
        "an e-mail address",
        "a@example.com",
        "invalid_characters",
        "A username cannot contain @: an e-mail address has its own field",
      ],
      ["a space", "two words", "invalid_characters", "A username has letters, numbers and _ - . only"],
      ["an invisible letter", "al\u200bice", "invalid_characters", "A username has letters, numbers and _ - . only"],
    ],
    2,
  ))
    test.each(cases)("refuses %s for a username", { tags }, async (_, username, code, message) => {
      const answer = await register({ username, password });
      const issues = [{ path: ["username"], code, message }];
      expect(answer.body).toMatchObject({ data: { reason: "invalid_input", issues } });
    });

  test.each([
    ["in capitals", (name: string) => name.toUpperCase()],
    [
      "in full width",
      (name: string) => name.replace(/[a-z]/g, (letter) => String.fromCodePoint(0xfee0 + letter.charCodeAt(0))),
    ],
    ["with spaces around it", (name: string) => `  ${name} `],
  ])("refuses a username that somebody has, %s", async (_, respell) => {
    const { username } = await createPerson(live.test);
    const answer = await register({ username: respell(username), password });
    expect(answer.status).toBe(409);
    expect(answer.body.data).toMatchObject({
      code: "CONFLICT",
      reason: "identifier_taken",
      issues: [{ path: ["username"], code: "taken", message: "belongs to another account" }],
    });
  });

  test("of two who want one username at the same moment, gives it to one", async () => {
    const username = freshName();
    const answers = await Promise.all([1, 2, 3, 4].map(() => register({ username, password })));
    expect(answers.map(outcomeOf).sort()).toEqual([
      "409 identifier_taken",
      "409 identifier_taken",
      "409 identifier_taken",
      "ok",
    ]);
  });

  for (const { tags, cases } of shareOut<[field: string, value: unknown, message: string]>(
    [
      ["isStaff", true, "There is no such field"],
      ["isSuperuser", true, "There is no such field"],
      ["isActive", true, "There is no such field"],
      ["id", "00000000-0000-4000-8000-000000000000", "There is no such field"],
      ["permissions", ["auth.view_user"], "There is no such field"],
      ["groups", [], "There is no such field"],
      ["firstName", "x".repeat(151), "must be at most 150 characters"],
      ["lastName", "\0", "holds characters that cannot be stored"],
      ["gender", "Other", 'Invalid option: expected one of "Male"|"Female"'],
      ["country", "x".repeat(121), "must be at most 120 characters"],
      ["city", 7, "Invalid input: expected string, received number"],
      ["isApprovedToBeInTouch", "yes", "Invalid input: expected boolean, received string"],
      ["phoneNumber", null, "Invalid input: expected string, received null"],
      ["email", "", "must not be empty"],
      ["password", "", "must not be empty"],
      ["username", "", "must not be empty"],
    ],
    3,
  ))
    test.each(cases)("refuses %s: %j", { tags }, async (field, value, message) => {
      const answer = await register({ username: freshName(), password, [field]: value });
      expect(answer.status).toBe(400);
      expect(answer.body).toEqual(invalidInput("account.register", { path: [field], message }));
    });

  test.each([
    ["phoneNumber", "abc", "A phone number has digits only, without letters or an extension"],
    ["phoneNumber", "0900 123 45 67", "A phone number must be a person's own line"],
    ["phoneNumber", "0532 123", "There is no such phone number"],
    ["email", "nobody", "This is not an e-mail address"],
  ])("names %s when it is %j", async (field, value, message) => {
    const answer = await register({ username: freshName(), password, [field]: value });
    expect(answer.body).toEqual(invalidInput("account.register", { path: [field], message }));
  });

  for (const { tags, cases } of shareOut<
    [
      what: string,
      code: string,
      make: () => { readonly password: string; readonly [more: string]: string },
      message: string | RegExp,
    ]
  >(
    [
      ["too short", "too_short", () => ({ password: "x7!kQ" }), "Use 8 characters or more"],
      ["too long", "too_long", () => ({ password: "x".repeat(257) }), "Use 256 characters or fewer"],
      [
        "a common one",
        "too_common",
        () => ({ password: "password123" }),
        "Too many people use this password; choose another one",
      ],
      [
        "the name of the service",
        "contains_identifier",
        () => ({ password: "Latchkey1" }),
        /too close to your own name/,
      ],
      [
        "their own username",
        "contains_identifier",
        () => ({ username: "mehmetyilmaz", password: "Mehmet.Yilmaz1" }),
        /too close to your own name/,
      ],
      [
        "their own first name",
        "contains_identifier",
        () => ({ firstName: "Bartholomew", password: "bartholomew99" }),
        /too close to your own name/,
      ],
      [
        "their own phone number",
        "contains_identifier",
        () => ({ phoneNumber: "0532 123 45 67", password: "05321234567" }),
        /too close to your own name/,
      ],
      [
        "their own e-mail address",
        "contains_identifier",
        () => ({ email: "zeynep.kaya@example.com", password: "zeynepkaya" }),
        /too close to your own name/,
      ],
    ],
    3,
  ))
    test.each(cases)(
      "rejects a password that is %s, and makes no account",
      { tags },
      async (_, code, make, message) => {
        const input = { username: freshName(), ...make() };
        const answer = await register(input);
        expect(answer.status).toBe(400);
        const because = expect.stringMatching(message);
        expect(answer.body).toMatchObject({
          message: because,
          data: { reason: "password_rejected", issues: [{ path: ["password"], code, message: because }] },
        });
        expect(answer.text).not.toContain(input.password);
        expect(
          await live.test.database.query("select from latchkey.users where username = $1", [input.username]),
        ).toEqual([]);
      },
    );
});

describe("a phone number and an e-mail address that are given at registration", () => {
  async function registerWith(phoneNumber: string, email: string) {
    const answer = await register({ username: freshName(), password, phoneNumber, email });
    expect(outcomeOf(answer)).toBe("ok");
    return answer.body;
  }

  test("wait for proof, and sign nobody in", async () => {
    const phone = freshPhone();
    const { user } = await registerWith(phone, "Waits@Example.com");
    expect(user).toMatchObject({ phoneNumber: null, email: null });
    expect(
      await live.test.database.query(
        "select purpose, target, code_hash from latchkey.one_time_codes where user_id = $1 order by purpose desc",
        [user.id],
      ),
    ).toEqual([
      { purpose: "prove_phone", target: phone, code_hash: null },
      { purpose: "prove_email", target: "Waits@example.com", code_hash: null },
    ]);
    for (const name of [phone, "waits@example.com"])
      expect(outcomeOf(await signIn(name))).toBe("400 invalid_credentials");
  });

  test("are no bar to another who registers with them, nor to whom an administrator gives them", async () => {
    const phone = freshPhone();
    const first = await registerWith(phone, "shared@example.com");
    await registerWith(phone, "shared@example.com");
    const admin = await createPerson(live.test, { isSuperuser: true });
    const owner = await ask(live, "users.create", {
      input: { username: freshName(), phoneNumber: phone, email: "shared@example.com" },
      token: admin.token,
    });
    expect(owner.body.user).toMatchObject({ phoneNumber: phone, email: "shared@example.com" });

    // Now that they belong to somebody, waiting for them goes on and hurts nobody.
    await registerWith(phone, "shared@example.com");
    expect(outcomeOf(await ask(live, "me.get", { token: first.token }))).toBe("ok");
    const code = owner.body.setPasswordCode;
    const reset = { username: phone, code, newPassword: "another good phrase" };
    expect(outcomeOf(await ask(live, "password.reset", { input: reset }))).toBe("ok");
    expect((await signIn(phone, "another good phrase")).body.user.id).toBe(owner.body.user.id);
  });

  test("are cleared away after a week", { tags: ["long"] }, async () => {
    await using own = await startLiveServer();
    const answer = await register({ username: freshName(), password, phoneNumber: "+905321234567" }, own);
    expect(outcomeOf(answer)).toBe("ok");
    // The database's clock goes on meanwhile.
    await own.test.clock.advance(7 * 86_400 - 60);
    expect(await own.test.auth.purge()).toMatchObject({ codes: 0 });
    await own.test.clock.advance(60);
    expect(await own.test.auth.purge()).toMatchObject({ codes: 1 });
  });
});

test("what only an administrator may use, such as a reserved username, registration leaves to them", async () => {
  const admin = await toAdministrator(live.test, await createPerson(live.test, { isSuperuser: true }));
  const { user } = await live.test.auth.users.create(admin, { username: "support" });
  expect(user.username).toBe("support");
});
