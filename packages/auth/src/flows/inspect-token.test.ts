import { describe, expect, test } from "vitest";
import { toNumericDate } from "../clock.ts";
import { createTestAuth, type TestAuth } from "../testing/index.ts";

const password = "correct horse battery";

async function signIn({ auth, facts }: TestAuth) {
  await auth.createUser({ username: "alice", password });
  return auth.login({ username: "alice", password }, facts);
}

describe("a token with which nobody would be let in is not active, and nothing more is said", () => {
  test("whatever the text is", async () => {
    await using test = await createTestAuth();
    const { token, refreshToken } = await signIn(test);
    const texts = ["", " ", "abc", "a.b.c", "\0", "\ud800", `Bearer ${token}`, ` ${token}`, `${token}=`, refreshToken];
    for (const text of texts) expect(await test.auth.inspectToken(text), text).toEqual({ active: false });
  });

  test.each<[what: string, end: (test: TestAuth) => Promise<unknown>]>([
    ["the session was ended", ({ database }) => database.query("delete from latchkey.sessions")],
    ["the account is disabled", ({ database }) => database.query("update latchkey.users set is_active = false")],
    ["the account is gone", ({ database }) => database.query("delete from latchkey.users")],
    ["the key was removed", ({ auth }) => auth.rotateKeys({ compromised: true })],
    ["the time is over", ({ clock }) => clock.advance(960)],
  ])("%s", async (_what, end) => {
    await using test = await createTestAuth();
    const { token } = await signIn(test);
    expect(await test.auth.inspectToken(token)).toMatchObject({ active: true });
    await end(test);
    expect(await test.auth.inspectToken(token)).toEqual({ active: false });
  });
});

test("a database that fails is no verdict on the token", async () => {
  await using test = await createTestAuth();
  const { token } = await signIn(test);
  await test.database.query("alter table latchkey.sessions rename to moved");
  await expect(test.auth.inspectToken(token)).rejects.toThrow();
  await test.database.query("alter table latchkey.moved rename to sessions");
  expect(await test.auth.inspectToken(token)).toMatchObject({ active: true });
});

test("a good token is told with its claims and nothing else", async () => {
  await using test = await createTestAuth();
  const { token, user } = await signIn(test);
  const { session } = await test.auth.authenticate([`Bearer ${token}`]);
  const iat = toNumericDate(test.clock.now());
  expect(await test.auth.inspectToken(token)).toEqual({
    active: true,
    iss: "latchkey",
    aud: "latchkey",
    sub: user.id,
    sid: session.id,
    jti: expect.any(String),
    iat,
    exp: iat + 900,
  });
});
