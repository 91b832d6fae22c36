import { randomUUIDv7 } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { Auth } from "../auth.ts";
import { AuthError } from "../errors.ts";
import { createTestAuth, type TestAuth } from "../testing/index.ts";

const password = "correct horse battery";

async function signIn({ auth, facts }: TestAuth, username: string) {
  await auth.createUser({ username, password });
  return auth.login({ username, password }, facts);
}

/** Two processes on one database that have both let the same person in just now, and so remember the token. */
async function signInOnTwoProcesses(test: TestAuth) {
  const processes = [test.auth, await test.another()];
  const session = await signIn(test, "alice");
  const answers = () => Promise.all(processes.map((auth) => answer(auth, session.token)));
  expect(await answers()).toEqual(["alice", "alice"]);
  return { ...session, answers };
}

/** The name of whoever is let in, or the reason why nobody is. */
async function answer(auth: Auth, token: string): Promise<string> {
  try {
    return (await auth.authenticate([`Bearer ${token}`])).user.username;
  } catch (error) {
    if (error instanceof AuthError) return error.code;
    throw error;
  }
}

test("a call without one good token is refused", async () => {
  await using test = await createTestAuth();
  const calls: [headers: string[], code: string][] = [
    [[], "token_missing"],
    [[""], "token_missing"],
    [["Basic YWxpY2U6cGFzc3dvcmQ="], "token_missing"],
    [["Bearerx abc"], "token_missing"],
    [["Bearer"], "token_invalid"],
    [["Bearer a.b.c", "Bearer a.b.c"], "token_invalid"],
    [["Bearer abc"], "token_invalid"],
    [["Bearer a.b.c"], "token_invalid"],
  ];
  for (const [headers, code] of calls) {
    await expect(test.auth.authenticate(headers), headers.join()).rejects.toMatchObject({ name: "AuthError", code });
  }
});

describe("on every process, and though each of them remembers the token, the very next call is refused after", () => {
  test("the sign-out", async () => {
    await using test = await createTestAuth();
    const { answers, refreshToken } = await signInOnTwoProcesses(test);
    await test.auth.logout(refreshToken, test.facts);
    expect(await answers()).toEqual(["session_ended", "session_ended"]);
  });

  test("the account was disabled, until it is enabled again", async () => {
    await using test = await createTestAuth();
    const { answers } = await signInOnTwoProcesses(test);
    await test.database.query("update latchkey.users set is_active = false");
    expect(await answers()).toEqual(["account_disabled", "account_disabled"]);
    await test.database.query("update latchkey.users set is_active = true");
    expect(await answers()).toEqual(["alice", "alice"]);
  });

  test("the account was deleted, even when somebody new has its name", async () => {
    await using test = await createTestAuth();
    const { answers } = await signInOnTwoProcesses(test);
    await test.database.query("delete from latchkey.users");
    expect(await answers()).toEqual(["session_ended", "session_ended"]);
    await signIn(test, "alice");
    expect(await answers()).toEqual(["session_ended", "session_ended"]);
  });

  test("the session was deleted", async () => {
    await using test = await createTestAuth();
    const { answers } = await signInOnTwoProcesses(test);
    await test.database.query("delete from latchkey.sessions");
    expect(await answers()).toEqual(["session_ended", "session_ended"]);
  });

  test("the session became somebody else's", async () => {
    await using test = await createTestAuth();
    const { answers } = await signInOnTwoProcesses(test);
    const bob = await test.auth.createUser({ username: "bob", password });
    await test.database.query("update latchkey.sessions set user_id = $1", [bob.id]);
    expect(await answers()).toEqual(["token_invalid", "token_invalid"]);
  });

  test("the key that signed it was removed", async () => {
    await using test = await createTestAuth();
    const { answers } = await signInOnTwoProcesses(test);
    await test.auth.rotateKeys({ compromised: true });
    expect(await answers()).toEqual(["token_invalid", "token_invalid"]);
  });

  test("the token's time and a minute", async () => {
    await using test = await createTestAuth();
    const { answers } = await signInOnTwoProcesses(test);
    await test.clock.advance(959);
    expect(await answers()).toEqual(["alice", "alice"]);
    await test.clock.advance(1);
    expect(await answers()).toEqual(["token_expired", "token_expired"]);
  });

  test("the session's own time, to the second", async () => {
    await using test = await createTestAuth({ sessions: { lifetime: 600, idleLifetime: 600 } });
    const { answers, expiresAt } = await signInOnTwoProcesses(test);
    expect(expiresAt.getTime() - test.clock.now().getTime()).toBeLessThanOrEqual(601_000);
    await test.clock.advance(590);
    expect(await answers()).toEqual(["alice", "alice"]);
    await test.clock.advance(11);
    expect(await answers()).toEqual(["session_ended", "session_ended"]);
  });
});

test("a token that is remembered opens nothing for a text that is nearly the same", async () => {
  await using test = await createTestAuth();
  const { token } = await signIn(test, "alice");
  expect(await answer(test.auth, token)).toBe("alice");
  const flipped = token.slice(0, -1) + (token.endsWith("A") ? "Q" : "A");
  for (const text of [flipped, `${token}=`, `${token}A`, token.slice(0, -1), `${token}.`, token.toLowerCase()]) {
    expect(await answer(test.auth, text), text).toBe("token_invalid");
  }
});

test("calls that arrive together are each answered for their own token, the bad ones too", async () => {
  await using test = await createTestAuth();
  const [alice, bob, carol] = [await signIn(test, "alice"), await signIn(test, "bob"), await signIn(test, "carol")];
  await test.auth.logout(carol.refreshToken, test.facts);
  const tokens = [alice.token, "a.b.c", bob.token, carol.token];
  const calls = Array.from({ length: 200 }, (_, call) => tokens[call % 4] ?? "");
  const expected = calls.map((_, call) => ["alice", "token_invalid", "bob", "session_ended"][call % 4]);
  expect(await Promise.all(calls.map((token) => answer(test.auth, token)))).toEqual(expected);
});

test("a person who changed their name is still themselves, at once", async () => {
  await using test = await createTestAuth();
  const { answers } = await signInOnTwoProcesses(test);
  await test.database.query("update latchkey.users set username = 'Alicia', username_key = 'alicia'");
  expect(await answers()).toEqual(["Alicia", "Alicia"]);
});

test("a token of another service with the same secret is refused, be its name or its audience another", async () => {
  await using test = await createTestAuth();
  await test.auth.createUser({ username: "alice", password });
  for (const tokens of [{ issuer: "other" }, { audience: "other" }, { issuer: "latchkey", audience: "Latchkey" }]) {
    const other = await test.another({ tokens });
    const { token } = await other.login({ username: "alice", password }, test.facts);
    expect(await answer(other, token)).toBe("alice");
    expect(await answer(test.auth, token)).toBe("token_invalid");
  }
});

test("a refresh token is no access token", async () => {
  await using test = await createTestAuth();
  const { refreshToken } = await signIn(test, "alice");
  expect(await answer(test.auth, refreshToken)).toBe("token_invalid");
  expect(await answer(test.auth, randomUUIDv7())).toBe("token_invalid");
});
