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
  return service.auth.login({ username, password }, service.facts);
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
