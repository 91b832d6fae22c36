import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { toNumericDate } from "../../clock.ts";
import { createTestAuth, type TestAuth } from "../../testing/index.ts";

const password = "correct horse battery";

let service: TestAuth;
beforeAll(async () => {
  service = await createTestAuth();
});
afterAll(() => service[Symbol.asyncDispose]());

let people = 0;

/** A person of their own for each test, signed in. */
async function signIn() {
  people += 1;
  const username = `person${people}`;
  await service.auth.createUser({ username, password });
  return service.auth.signIn({ username, password }, service.facts);
}

describe("a token with which nobody would be let in is not active, and nothing more is said", () => {
  test("whatever the text is", async () => {
    const { token, refreshToken } = await signIn();
    const texts = ["", " ", "abc", "a.b.c", "\0", "\ud800", `Bearer ${token}`, ` ${token}`, `${token}=`, refreshToken];
    for (const text of texts)
      expect(await service.auth.inspectToken(text, service.facts), text).toEqual({ active: false });
  });

  test.each<[what: string, end: (userId: string) => Promise<unknown>]>([
    ["the session is gone", (id) => service.database.query("delete from latchkey.sessions where user_id = $1", [id])],
    ["the account is gone", (id) => service.database.query("delete from latchkey.users where id = $1", [id])],
    [
      "the account is disabled",
      (id) => service.database.query("update latchkey.users set is_active = false where id = $1", [id]),
    ],
    ["the key was removed", () => service.auth.rotateKeys({ compromised: true })],
    ["the time is over", () => service.clock.advance(960)],
  ])("%s", async (_what, end) => {
    const { token, user } = await signIn();
    expect(await service.auth.inspectToken(token, service.facts)).toMatchObject({ active: true, sub: user.id });
    await end(user.id);
    expect(await service.auth.inspectToken(token, service.facts)).toEqual({ active: false });
  });
});

describe("a token of another audience of the list", () => {
  const audiences = ["latchkey", "orders", "stock"];

  test("opens nothing here, and is active for its own API alone", async () => {
    await using test = await createTestAuth({ tokens: { audience: audiences } });
    const { auth, facts } = test;
    await auth.createUser({ username: "alice", password });
    const session = await auth.signIn({ username: "alice", password }, facts);
    const caller = await auth.authenticate([`Bearer ${session.token}`]);
    const { token, tokenType } = await auth.exchangeToken(caller, { audience: "orders" });

    expect(tokenType).toBe("Bearer");
    await expect(auth.authenticate([`Bearer ${token}`])).rejects.toMatchObject({ code: "token_invalid" });
    // Nor does it after it has been remembered as verified.
    const told = await auth.inspectToken(token, facts, { audience: "orders" });
    await expect(auth.authenticate([`Bearer ${token}`])).rejects.toMatchObject({ code: "token_invalid" });
    for (const audience of [undefined, "latchkey", "stock", "", "other"])
      expect(await auth.inspectToken(token, facts, { audience }), audience).toEqual({ active: false });
    for (const audience of ["orders", "stock"])
      expect(await auth.inspectToken(session.token, facts, { audience }), audience).toEqual({ active: false });

    const own = await auth.inspectToken(session.token, facts);
    const { jti: _, aud, ...claims } = told as { jti: string; aud: string };
    expect(aud).toBe("orders");
    expect(own).toMatchObject(claims);
    await auth.signOut(session.refreshToken, facts);
    expect(await auth.inspectToken(token, facts, { audience: "orders" })).toEqual({ active: false });
  });

  test("is issued for no audience but those of the list, and never for the service's own", async () => {
    await using test = await createTestAuth({ tokens: { audience: audiences } });
    await test.auth.createUser({ username: "alice", password });
    const session = await test.auth.signIn({ username: "alice", password }, test.facts);
    const caller = await test.auth.authenticate([`Bearer ${session.token}`]);
    for (const audience of ["latchkey", "", "other", "orders,stock", "ORDERS", " orders"])
      await expect(test.auth.exchangeToken(caller, { audience }), audience).rejects.toMatchObject({
        code: "invalid_input",
        issues: [{ path: ["audience"], code: "not_found" }],
      });
  });

  test("never outlives its session", async () => {
    await using test = await createTestAuth({
      tokens: { audience: audiences },
      sessions: { lifetime: 600, idleLifetime: 600 },
    });
    await test.auth.createUser({ username: "alice", password });
    const { token } = await test.auth.signIn({ username: "alice", password }, test.facts);
    const caller = await test.auth.authenticate([`Bearer ${token}`]);
    await test.clock.advance(500);
    const { expiresAt } = await test.auth.exchangeToken(caller, { audience: "stock" });
    expect(expiresAt.getTime() - test.clock.now().getTime()).toBeLessThanOrEqual(101_000);
  });
});

test("an audience that left the list is good no more, and a new first one leaves the tokens of the old one behind", async () => {
  await using test = await createTestAuth({ tokens: { audience: ["latchkey", "orders"] } });
  await test.auth.createUser({ username: "alice", password });
  const { token } = await test.auth.signIn({ username: "alice", password }, test.facts);
  const caller = await test.auth.authenticate([`Bearer ${token}`]);
  const forOrders = await test.auth.exchangeToken(caller, { audience: "orders" });
  const later = await test.another({ tokens: { audience: ["orders-service", "latchkey"] } });
  for (const audience of [undefined, "orders"])
    expect(await later.inspectToken(forOrders.token, test.facts, { audience })).toEqual({ active: false });
  await expect(later.authenticate([`Bearer ${token}`])).rejects.toMatchObject({ code: "token_invalid" });
});

test("the profiles whose tokens have no audience take one alone", async () => {
  const django = { secretKey: "k#9v2m!x7q$c4b&z1n8j5h3g6f0d-p=w+a(s)" };
  const opened = createTestAuth({ tokens: { profile: "django", audience: ["latchkey", "orders"] }, django });
  await expect(opened).rejects.toThrow("is one alone");
});

test("a database that fails is no verdict on the token", async () => {
  const { token } = await signIn();
  await service.database.query("alter table latchkey.sessions rename to moved");
  await expect(service.auth.inspectToken(token, service.facts)).rejects.toThrow();
  await service.database.query("alter table latchkey.moved rename to sessions");
  expect(await service.auth.inspectToken(token, service.facts)).toMatchObject({ active: true });
});

test("a good token is told with its claims and nothing else", async () => {
  const { token, user } = await signIn();
  const { session } = await service.auth.authenticate([`Bearer ${token}`]);
  const iat = toNumericDate(service.clock.now());
  expect(await service.auth.inspectToken(token, service.facts)).toEqual({
    active: true,
    iss: "latchkey",
    aud: "latchkey",
    sub: user.id,
    sid: session.id,
    jti: expect.any(String),
    iat,
    exp: iat + 900,
    auth_time: Math.floor(session.createdAt.getTime() / 1000),
    acr: "1",
    amr: ["pwd"],
  });
});
