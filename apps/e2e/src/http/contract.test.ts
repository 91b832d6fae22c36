import { createTestAuth } from "@latchkey/auth/testing";
import { afterAll, describe, expect, test } from "vitest";
import { type Answer, call, isService, startLiveServer } from "../live-server.ts";
import { password, signUp, type WireUser } from "./accounts-over-http.ts";
import { invalidCredentials, invalidInput, notJson, unauthorized } from "./refusals.ts";

const live = await startLiveServer();
const { url } = live;
/** Another, whose time goes on. */
const moving = await startLiveServer();
afterAll(async () => {
  await live[Symbol.asyncDispose]();
  await moving[Symbol.asyncDispose]();
});

const uuid = expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

/** The contract's user, every field of it and no other. */
function userOf(fields: Partial<WireUser> & { username: string }): WireUser {
  return {
    id: uuid,
    phoneNumber: null,
    email: null,
    firstName: "",
    lastName: "",
    gender: null,
    country: null,
    city: null,
    state: null,
    isApprovedToBeInTouch: false,
    isActive: true,
    isStaff: false,
    isSuperuser: false,
    dateJoined: time,
    lastLogin: time,
    ...fields,
  };
}

/** What holds for every answer of every procedure. */
function expectApiHeaders({ headers }: Answer): void {
  expect(headers.get("cache-control")).toBe("no-store");
  expect(headers.get("content-type")).toBe("application/json");
  // The service's alone: a host has ids of its own.
  if (isService) expect(headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
}

function expectInvalid(answer: Answer, body: unknown): void {
  expect(answer).toMatchObject({ status: 400, body: expect.anything() });
  expect(answer.body).toEqual(body);
  expect(answer.text).not.toContain(canary);
  expect(answer.headers.get("www-authenticate")).toBeNull();
  expectApiHeaders(answer);
}

/** Stands in every value that is refused, and in no answer. */
const canary = "hunter2";

const procedures: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  // Each field with the most characters that it takes.
  "token.obtain": { username: 320, password: 1_024 },
  "token.verify": { token: 8_192 },
  "token.revoke": { refreshToken: 8_192 },
};

describe.each(Object.entries(procedures))("%s", (procedure, fields) => {
  const names = Object.keys(fields);
  const good = Object.fromEntries(names.map((name) => [name, canary]));

  test.each([
    ["nothing", "", "undefined"],
    ["null", "null", "null"],
    ["an array", `["${canary}"]`, "array"],
    ["a text", `"${canary}"`, "string"],
    ["a number", "7", "number"],
    ["a truth value", "true", "boolean"],
  ])("refuses %s in place of an object", async (_, rawBody, received) => {
    const message = `Invalid input: expected object, received ${received}`;
    expectInvalid(await call(url, procedure, { rawBody }), invalidInput(procedure, { path: [], message }));
  });

  test.each([
    ["plain text", canary],
    ["JSON that breaks off", `{"${names[0]}":"${canary}`],
    ["JSON with a comma too many", `{"${names[0]}":"${canary}",}`],
    ["two values", `{}{"${names[0]}":"${canary}"}`],
  ])("refuses %s and repeats none of it", async (_, rawBody) => {
    expectInvalid(await call(url, procedure, { rawBody }), notJson(procedure));
  });

  test.each(names)("refuses an input without %s", async (name) => {
    const { [name]: _, ...input } = good;
    const message = "Invalid input: expected string, received undefined";
    expectInvalid(await call(url, procedure, { input }), invalidInput(procedure, { path: [name], message }));
  });

  test.each(
    names.flatMap((name) => [
      { name, value: 7, because: "Invalid input: expected string, received number" },
      { name, value: null, because: "Invalid input: expected string, received null" },
      { name, value: [canary], because: "Invalid input: expected string, received array" },
      { name, value: { $ne: canary }, because: "Invalid input: expected string, received object" },
      { name, value: "", because: "must not be empty" },
      {
        name,
        value: canary.padEnd((fields[name] ?? 0) + 1, "x"),
        because: `must be at most ${fields[name]} characters`,
      },
      { name, value: `${canary}\0`, because: "holds characters that are not allowed" },
      { name, value: `${canary}\ud800`, because: "holds characters that are not allowed" },
    ]),
  )("names $name when it $because", async ({ name, value, because }) => {
    const answer = await call(url, procedure, { input: { ...good, [name]: value } });
    expectInvalid(answer, invalidInput(procedure, { path: [name], message: because }));
  });

  test("refuses a field that is not in the contract, by its name", async () => {
    const answer = await call(url, procedure, { input: { ...good, isAdmin: canary } });
    expectInvalid(answer, invalidInput(procedure, { path: ["isAdmin"], message: "There is no such field" }));
  });
});

describe("token.obtain", () => {
  test("answers a session for the right password, and nothing beside the contract", async () => {
    await live.test.auth.createUser({ username: "Obtain", phoneNumber: "+905321110001", password });

    const answer = await call(url, "token.obtain", { input: { username: "obtain", password } });

    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
      tokenType: "Bearer",
      expiresAt: new Date((Math.floor(live.test.clock.now().getTime() / 1000) + 900) * 1000).toISOString(),
      refreshToken: expect.stringMatching(/^[\w-]{43,}$/),
      refreshExpiresAt: time,
      deviceMark: expect.stringMatching(/^[\w-]{43}$/),
      user: userOf({ username: "Obtain", phoneNumber: "+905321110001" }),
    });
    expectApiHeaders(answer);
  });

  test("says the same of an unknown, wrong, inactive, unusable and impossible account, byte for byte", async () => {
    for (const username of ["wrong", "inactive", "unusable"]) await live.test.auth.createUser({ username, password });
    await live.test.database.query("update latchkey.users set is_active = false where username = 'inactive'");
    await live.test.database.query("update latchkey.users set password = '!' where username = 'unusable'");

    const answers = await Promise.all([
      call(url, "token.obtain", { input: { username: "nobody", password } }),
      call(url, "token.obtain", { input: { username: "wrong", password: "not the password" } }),
      call(url, "token.obtain", { input: { username: "inactive", password } }),
      call(url, "token.obtain", { input: { username: "unusable", password: "!" } }),
      call(url, "token.obtain", { input: { username: "no one is called this", password } }),
      call(url, "token.obtain", { input: { username: "@", password } }),
    ]);

    for (const answer of answers) {
      expect(answer.status).toBe(400);
      expect(answer.body).toEqual(invalidCredentials("token.obtain"));
      expect(answer.headers.get("www-authenticate")).toBeNull();
      expectApiHeaders(answer);
    }
    expect(new Set(answers.map((answer) => answer.text)).size).toBe(1);
    expect(new Set(answers.map((answer) => answer.headers.get("content-length"))).size).toBe(1);
  });

  test("keeps white space at both ends of a password", async () => {
    await live.test.auth.createUser({ username: "spaced", password: `  ${password} ` });

    const trimmed = await call(url, "token.obtain", { input: { username: "spaced", password } });
    const exact = await call(url, "token.obtain", { input: { username: "spaced", password: `  ${password} ` } });

    expect([trimmed.status, exact.status]).toEqual([400, 200]);
  });
});

describe("token.verify", () => {
  test("tells the claims of a good token", async () => {
    const { token, user } = await signUp(live, { username: "verified" });
    const iat = Math.floor(live.test.clock.now().getTime() / 1000);

    const answer = await call(url, "token.verify", { input: { token } });

    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      active: true,
      iss: "latchkey",
      aud: "latchkey",
      sub: user.id,
      sid: uuid,
      // Its first 32 bits are the number of the session's rotation (RFC 9562 §5.8).
      jti: expect.stringMatching(/^00000000-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
      iat,
      exp: iat + 900,
      // RFC 9068 §2.2.1; the values of RFC 8176.
      // By the database's clock, which this one does not stop.
      auth_time: expect.any(Number),
      amr: ["pwd"],
      acr: "1",
    });
    expect(Math.abs(answer.body.auth_time - iat)).toBeLessThan(60);
    expectApiHeaders(answer);
  });

  test("says no more than that a bad token is not active", async () => {
    const ended = await signUp(live, { username: "verify-ended" });
    await call(url, "token.revoke", { input: { refreshToken: ended.refreshToken } });
    const disabled = await signUp(live, { username: "verify-disabled" });
    await live.test.database.query("update latchkey.users set is_active = false where id = $1", [disabled.user.id]);

    for (const token of [ended.token, disabled.token, ended.refreshToken, "x", "a.b.c", "😀", "x".repeat(8_192)]) {
      const answer = await call(url, "token.verify", { input: { token } });
      expect(answer).toMatchObject({ status: 200, text: '{"result":{"data":{"active":false}}}' });
      expectApiHeaders(answer);
    }
  });
});

describe("token.revoke", () => {
  test("answers the same for a good token, a used one and any text, and ends the session of the good one", async () => {
    const { token, refreshToken } = await signUp(live, { username: "revoked" });

    for (const text of ["x", "a.b.c", token, "😀", "x".repeat(8_192), refreshToken, refreshToken]) {
      const answer = await call(url, "token.revoke", { input: { refreshToken: text } });
      expect(answer).toMatchObject({ status: 200, text: '{"result":{"data":{}}}' });
      expectApiHeaders(answer);
    }
    const next = await call(url, "me.get", { token });
    expect(next.body).toEqual(unauthorized("me.get", "session_ended", "The session has ended: sign in again"));
  });
});

describe("a call without a good token", () => {
  const challenge = 'Bearer realm="latchkey"';

  test.each(["me.get", "me.update"])("%s asks for a token, before it looks at the input", async (procedure) => {
    const options = procedure === "me.update" ? { input: { isStaff: true } } : {};
    for (const headers of [{}, { authorization: "Basic YWxpY2U6eA==" }, { authorization: "" }]) {
      const answer = await call(url, procedure, { ...options, headers });
      expect(answer.status).toBe(401);
      expect(answer.body).toEqual(
        unauthorized(procedure, "token_missing", "This call needs a bearer token: sign in first"),
      );
      expect(answer.headers.get("www-authenticate")).toBe(challenge);
      expectApiHeaders(answer);
    }
  });

  test.each([
    ["in the query", "me.get?access_token="],
    ["in the query of tRPC", "me.get?connectionParams=%7B%7D&token="],
  ])("is not let in by a token %s", async (_, path) => {
    const { token } = await signUp(live, { username: `url${path.length}` });
    const answer = await call(url, `${path}${token}`);
    expect(answer).toMatchObject({ status: 401, body: { data: { reason: "token_missing" } } });
  });

  test("is not let in by a token in the body", async () => {
    const { token } = await signUp(live, { username: "in-the-body" });
    const answer = await call(url, "me.update", { input: { access_token: token, token } });
    expect(answer).toMatchObject({ status: 401, body: { data: { reason: "token_missing" } } });
    expect(answer.text).not.toContain(token);
  });

  test.each(["Bearer", "Bearer ", "Bearer a b", "Bearer a,b", "bearer\ta.b.c", 'Bearer "a.b.c"'])(
    "is told that `%s` is no bearer token",
    async (authorization) => {
      const answer = await call(url, "me.get", { headers: { authorization } });
      const message = "The Authorization header does not hold one bearer token";
      expect(answer.status).toBe(401);
      expect(answer.body).toEqual(unauthorized("me.get", "token_invalid", message));
      expect(answer.headers.get("www-authenticate")).toBe(
        `${challenge}, error="invalid_token", error_description="The token is not valid"`,
      );
    },
  );

  const badTokens: Record<string, { reason: string; message: string; spoil: () => Promise<string> }> = {
    "that is no token": {
      reason: "token_invalid",
      message: "The token is not valid",
      spoil: async () => "not.a.token",
    },
    "that is a refresh token": {
      reason: "token_invalid",
      message: "The token is not valid",
      spoil: async () => (await signUp(live, { username: "refresher" })).refreshToken,
    },
    "of another service": {
      reason: "token_invalid",
      message: "The token is not valid",
      async spoil() {
        await using foreign = await createTestAuth();
        await foreign.auth.createUser({ username: "foreigner", password });
        return (await foreign.auth.signIn({ username: "foreigner", password }, foreign.facts)).token;
      },
    },
    "whose last character was changed": {
      reason: "token_invalid",
      message: "The token is not valid",
      async spoil() {
        const { token } = await signUp(live, { username: "changed" });
        return token.slice(0, -1) + (token.endsWith("A") ? "Q" : "A");
      },
    },
    "of a session that was signed out": {
      reason: "session_ended",
      message: "The session has ended",
      async spoil() {
        const { token, refreshToken } = await signUp(live, { username: "signed-out" });
        await call(url, "token.revoke", { input: { refreshToken } });
        return token;
      },
    },
    "of a user who was deleted": {
      reason: "session_ended",
      message: "The session has ended",
      async spoil() {
        const { token, user } = await signUp(live, { username: "deleted" });
        await live.test.database.query("delete from latchkey.users where id = $1", [user.id]);
        return token;
      },
    },
    "of an account that was disabled": {
      reason: "account_disabled",
      message: "The account is disabled",
      async spoil() {
        const { token, user } = await signUp(live, { username: "disabled" });
        await live.test.database.query("update latchkey.users set is_active = false where id = $1", [user.id]);
        return token;
      },
    },
  };

  test.each(Object.entries(badTokens))("is refused with a token %s", async (_, { reason, message, spoil }) => {
    const token = await spoil();
    const description = `${challenge}, error="invalid_token", error_description="${message}"`;
    const calls = { "me.get": {}, "me.update": { input: { firstName: "Mallory" } } };
    for (const [procedure, options] of Object.entries(calls)) {
      const answer = await call(url, procedure, { ...options, token });
      expect(answer.status).toBe(401);
      const shown = reason === "session_ended" ? "The session has ended: sign in again" : message;
      expect(answer.body).toEqual(unauthorized(procedure, reason, shown));
      expect(answer.headers.get("www-authenticate")).toBe(description);
      expectApiHeaders(answer);
    }
  });

  test("is told that its token has expired, a minute after it has", async () => {
    const { token } = await signUp(moving, { username: "expired" });
    await moving.test.clock.advance(900 + 59);
    expect(await call(moving.url, "me.get", { token })).toMatchObject({ status: 200 });
    await moving.test.clock.advance(1);

    const answer = await call(moving.url, "me.get", { token });

    expect(answer.status).toBe(401);
    expect(answer.body).toEqual(unauthorized("me.get", "token_expired", "The token has expired"));
    expect(answer.headers.get("www-authenticate")).toBe(
      `${challenge}, error="invalid_token", error_description="The token has expired"`,
    );
  });

  test("still signs in, verifies and signs out, whatever its Authorization header holds", async () => {
    const { url } = moving;
    const { token: expired, refreshToken } = await signUp(moving, { username: "comes-back" });
    await moving.test.clock.advance(900 + 60);
    const headersInUse = ["Bearer", "Bearer garbage", "Basic x", "\u00ff", `Bearer ${expired}`];

    for (const authorization of headersInUse) {
      const options = { headers: { authorization } };
      const obtained = await call(url, "token.obtain", { ...options, input: { username: "comes-back", password } });
      const verified = await call(url, "token.verify", { ...options, input: { token: obtained.body.token } });
      const revoked = await call(url, "token.revoke", { ...options, input: { refreshToken } });
      expect([obtained.status, verified.body.active, revoked.text]).toEqual([200, true, '{"result":{"data":{}}}']);
    }
  });
});

describe("me.get", () => {
  test("answers the user of the token as the database has them at this moment", async () => {
    const { token } = await signUp(live, { username: "Fresh", email: "Fresh@example.org" });

    const before = await call(url, "me.get", { token });
    await live.test.database.query(
      "update latchkey.users set first_name = 'Ayşe', is_staff = true, email = null, email_key = null where username = 'Fresh'",
    );
    const after = await call(url, "me.get", { token });

    expect(before.body).toEqual({ ...userOf({ username: "Fresh", email: "Fresh@example.org" }), phoneProofDue: false });
    expect(after.body).toEqual({
      ...userOf({ username: "Fresh", firstName: "Ayşe", isStaff: true }),
      phoneProofDue: false,
    });
    expect([before.status, after.status]).toEqual([200, 200]);
    expectApiHeaders(after);
  });

  test("takes the scheme in any case, as RFC 9110 has it", async () => {
    const { token } = await signUp(live, { username: "scheme" });
    for (const scheme of ["bearer", "BEARER", "Bearer"]) {
      const answer = await call(url, "me.get", { headers: { authorization: `${scheme} ${token}` } });
      expect(answer.status).toBe(200);
    }
  });
});

describe("me.update", () => {
  const profile = {
    firstName: "Ayşe",
    lastName: "Yılmaz",
    gender: "Female" as const,
    country: "Türkiye",
    city: "İzmir",
    state: "Ege",
    isApprovedToBeInTouch: true,
  };

  test("changes the fields that are given and no others, and null clears", async () => {
    const { token } = await signUp(live, { username: "profile" });
    const update = (input: unknown) => call(url, "me.update", { token, input });

    const all = await update(profile);
    expect(all.status).toBe(200);
    expect(all.body).toEqual(userOf({ username: "profile", ...profile }));
    expectApiHeaders(all);
    expect((await update({ city: "Ankara" })).body).toEqual(
      userOf({ username: "profile", ...profile, city: "Ankara" }),
    );
    expect((await update({})).body).toEqual(userOf({ username: "profile", ...profile, city: "Ankara" }));

    const cleared = {
      gender: null,
      country: null,
      city: null,
      state: null,
      firstName: "",
      isApprovedToBeInTouch: false,
    };
    expect((await update(cleared)).body).toEqual(userOf({ username: "profile", lastName: "Yılmaz" }));
    expect((await call(url, "me.get", { token })).body).toEqual({
      ...userOf({ username: "profile", lastName: "Yılmaz" }),
      phoneProofDue: false,
    });
  });

  test("keeps text in NFC, and measures it so", async () => {
    const { token } = await signUp(live, { username: "normal" });
    const update = (input: unknown) => call(url, "me.update", { token, input });
    // U+0958 is two code points in NFC, so that sixty of them are the longest.
    const growing = "\u0958";

    const decomposed = await update({ firstName: "Ays\u0327e", city: "I\u0307zmir" });
    expect(decomposed.body).toEqual(userOf({ username: "normal", firstName: "Ayşe", city: "İzmir" }));
    const shrinking = await update({ city: "I\u0307".repeat(120) });
    expect(shrinking.body.city).toBe("İ".repeat(120));
    const full = await update({ city: growing.repeat(60) });
    expect(full.body.city).toBe("\u0915\u093c".repeat(60));
    const tooLong = await update({ city: growing.repeat(61) });
    expect(tooLong.body).toEqual(
      invalidInput("me.update", { path: ["city"], message: "must be at most 120 characters" }),
    );
  });

  const stubborn = signUp(live, { username: "stubborn" });
  const noSuchField = "There is no such field";
  const tooLong = (maximum: number) => `must be at most ${maximum} characters`;
  const notAllowed = "holds characters that cannot be stored";
  const expected = (type: string, received: string) => `Invalid input: expected ${type}, received ${received}`;

  const refused = [
    ["isStaff", true, noSuchField],
    ["isSuperuser", true, noSuchField],
    ["isActive", false, noSuchField],
    ["username", canary, noSuchField],
    ["phoneNumber", "+905321110009", noSuchField],
    ["email", `${canary}@example.org`, noSuchField],
    ["password", canary, noSuchField],
    ["id", canary, noSuchField],
    ["dateJoined", canary, noSuchField],
    ["lastLogin", null, noSuchField],
    ["__proto__", { isStaff: true }, noSuchField],
    ["constructor", { prototype: { isStaff: true } }, noSuchField],
    ["toString", canary, noSuchField],
    ["gender", canary, 'Invalid option: expected one of "Male"|"Female"'],
    ["gender", "male", 'Invalid option: expected one of "Male"|"Female"'],
    ["gender", "", 'Invalid option: expected one of "Male"|"Female"'],
    ["gender", 1, 'Invalid option: expected one of "Male"|"Female"'],
    ["firstName", canary.padEnd(151), tooLong(150)],
    ["lastName", canary.padEnd(151), tooLong(150)],
    ["country", canary.padEnd(121), tooLong(120)],
    ["city", canary.padEnd(121), tooLong(120)],
    ["state", canary.padEnd(121), tooLong(120)],
    ["firstName", null, expected("string", "null")],
    ["lastName", [canary], expected("string", "array")],
    ["country", 7, expected("string", "number")],
    ["city", { canary }, expected("string", "object")],
    ["state", false, expected("string", "boolean")],
    ["isApprovedToBeInTouch", canary, expected("boolean", "string")],
    ["isApprovedToBeInTouch", null, expected("boolean", "null")],
    ["firstName", `${canary}\0`, notAllowed],
    ["city", `${canary}\ud83d`, notAllowed],
    ["state", `\udc00${canary}`, notAllowed],
  ] as const;

  test.each(refused.map(([field, value, message]) => ({ field, value, message })))(
    "says of $field: $message",
    async ({ field, value, message }) => {
      // As text, since an object has no own __proto__; the good field beside the bad one must not be stored either.
      const beside = field === "lastName" ? "firstName" : "lastName";
      const rawBody = `{${JSON.stringify(field)}:${JSON.stringify(value)},"${beside}":"changed"}`;
      const answer = await call(url, "me.update", { token: (await stubborn).token, rawBody });
      expectInvalid(answer, invalidInput("me.update", { path: [field], message }));
      const now = await call(url, "me.get", { token: (await stubborn).token });
      expect(now.body).toEqual({ ...userOf({ username: "stubborn" }), phoneProofDue: false });
    },
  );

  test.each([
    ["null", "null", "null"],
    ["an array", "[]", "array"],
    ["nothing", "", "undefined"],
    ["a text", `"${canary}"`, "string"],
  ])("refuses %s in place of an object", async (_, rawBody, received) => {
    const answer = await call(url, "me.update", { token: (await stubborn).token, rawBody });
    expectInvalid(answer, invalidInput("me.update", { path: [], message: expected("object", received) }));
  });

  test("refuses what is not JSON and repeats none of it", async () => {
    const answer = await call(url, "me.update", { token: (await stubborn).token, rawBody: `${canary} {` });
    expectInvalid(answer, notJson("me.update"));
  });

  test("names every field that is wrong, at most twenty", async () => {
    const input = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`field${index}`, canary]));
    const { token } = await stubborn;
    const answer = await call(url, "me.update", { token, input: { ...input, city: 1, state: 2 } });
    expect(answer.status).toBe(400);
    expect(answer.body.data.issues).toHaveLength(20);
    expect(answer.body.data.issues.slice(0, 2)).toEqual([
      { path: ["city"], code: "invalid_type", message: expected("string", "number") },
      { path: ["state"], code: "invalid_type", message: expected("string", "number") },
    ]);
  });
});

test("no answer that shows a user holds a hash, whatever was asked", async () => {
  const { token, user } = await signUp(live, { username: "hashless" });
  const [stored] = await live.test.database.query<{ password: string }>(
    "select password from latchkey.users where id = $1",
    [user.id],
  );
  const answers = [
    await call(url, "token.obtain", { input: { username: "hashless", password } }),
    await call(url, "me.get", { token }),
    await call(url, "me.update", { token, input: { city: "Bursa" } }),
  ];
  for (const { text } of answers) expect(text).not.toMatch(/bcrypt|\$2b\$|"password"|credentialsChangedAt|usernameKey/);
  expect(stored?.password).toMatch(/^bcrypt_sha256\$\$2b\$/);
});
