import { randomUUIDv7 } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Auth } from "../../auth.ts";
import { AuthError } from "../../errors.ts";
import { createTestAuth, type TestAuth } from "../../testing/index.ts";

const password = "correct horse battery";

let service: TestAuth;
/** Two processes on one database. */
let processes: readonly Auth[];
beforeAll(async () => {
  service = await createTestAuth();
  processes = [service.auth, await service.another()];
});
afterAll(() => service[Symbol.asyncDispose]());

let people = 0;

/** A person of their own for each test, signed in. */
async function signIn(auth = service.auth) {
  people += 1;
  const username = `person${people}`;
  await auth.createUser({ username, password });
  return auth.signIn({ username, password }, service.facts);
}

/** The id of whoever is let in, or the reason why nobody is. */
async function answer(auth: Auth, token: string): Promise<string> {
  try {
    return (await auth.authenticate([`Bearer ${token}`])).user.id;
  } catch (error) {
    if (error instanceof AuthError) return error.code;
    throw error;
  }
}

const answers = (token: string) => Promise.all(processes.map((auth) => answer(auth, token)));
const twice = (text: string) => [text, text];

test("a call without one good token is refused", async () => {
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
    const call = service.auth.authenticate(headers);
    await expect(call, headers.join()).rejects.toMatchObject({ name: "AuthError", code });
  }
});

describe("on every process, and though each of them remembers the token, the very next call is refused after", () => {
  let token: string;
  let refreshToken: string;
  let id: string;
  beforeEach(async () => {
    const session = await signIn();
    ({ token, refreshToken } = session);
    id = session.user.id;
    expect(await answers(token)).toEqual(twice(id));
  });

  test("the sign-out", async () => {
    await service.auth.signOut(refreshToken, service.facts);
    expect(await answers(token)).toEqual(twice("session_ended"));
  });

  test("the account was disabled, until it is enabled again", async () => {
    await service.database.query("update latchkey.users set is_active = false where id = $1", [id]);
    expect(await answers(token)).toEqual(twice("account_disabled"));
    await service.database.query("update latchkey.users set is_active = true where id = $1", [id]);
    expect(await answers(token)).toEqual(twice(id));
  });

  test("the account was deleted, even when somebody new has its name", async () => {
    await service.database.query("delete from latchkey.users where id = $1", [id]);
    expect(await answers(token)).toEqual(twice("session_ended"));
    await service.auth.createUser({ username: `person${people}`, password });
    expect(await answers(token)).toEqual(twice("session_ended"));
  });

  test("the session was deleted", async () => {
    await service.database.query("delete from latchkey.sessions where user_id = $1", [id]);
    expect(await answers(token)).toEqual(twice("session_ended"));
  });

  test("the session became somebody else's", async () => {
    const { user } = await signIn();
    await service.database.query("update latchkey.sessions set user_id = $2 where user_id = $1", [id, user.id]);
    expect(await answers(token)).toEqual(twice("token_invalid"));
  });

  test("the key that signed it was removed", async () => {
    await service.auth.rotateKeys({ compromised: true });
    expect(await answers(token)).toEqual(twice("token_invalid"));
  });

  test("the token's time and a minute", async () => {
    await service.clock.advance(959);
    expect(await answers(token)).toEqual(twice(id));
    await service.clock.advance(1);
    expect(await answers(token)).toEqual(twice("token_expired"));
  });

  test("the session's own time, which no token of it outlives", async () => {
    const brief = await signIn(await service.another({ sessions: { lifetime: 600, idleLifetime: 600 } }));
    expect(brief.expiresAt.getTime() - service.clock.now().getTime()).toBeLessThanOrEqual(630_000);
    await service.clock.advance(570);
    expect(await answers(brief.token)).toEqual(twice(brief.user.id));
    await service.clock.advance(31);
    expect(await answers(brief.token)).toEqual(twice("session_ended"));
  });
});

test("a token that is remembered opens nothing for a text that is nearly the same", async () => {
  const { token, user } = await signIn();
  expect(await answer(service.auth, token)).toBe(user.id);
  const flipped = token.slice(0, -1) + (token.endsWith("A") ? "Q" : "A");
  for (const text of [flipped, `${token}=`, `${token}A`, token.slice(0, -1), `${token}.`, token.toLowerCase()]) {
    expect(await answer(service.auth, text), text).toBe("token_invalid");
  }
});

test("calls that arrive together are each answered for their own token, the bad ones too", async () => {
  const [one, other, gone] = [await signIn(), await signIn(), await signIn()];
  await service.auth.signOut(gone.refreshToken, service.facts);
  const tokens = [one.token, "a.b.c", other.token, gone.token];
  const expected = [one.user.id, "token_invalid", other.user.id, "session_ended"];
  const calls = Array.from({ length: 200 }, (_, call) => call % 4);
  expect(await Promise.all(calls.map((which) => answer(service.auth, tokens[which] ?? "")))).toEqual(
    calls.map((which) => expected[which]),
  );
});

test("a person who changed their name is still themselves, at once", async () => {
  const { token, user } = await signIn();
  expect(await answers(token)).toEqual(twice(user.id));
  const rename = "update latchkey.users set username = 'Alicia', username_key = 'alicia' where id = $1";
  await service.database.query(rename, [user.id]);
  for (const auth of processes) {
    const caller = await auth.authenticate([`Bearer ${token}`]);
    expect(caller.user).toMatchObject({ id: user.id, username: "Alicia" });
  }
});

test("a token of another service with the same keys is refused, be its name or its audience another", async () => {
  for (const tokens of [{ issuer: "other" }, { audience: "other" }, { issuer: "latchkey", audience: "Latchkey" }]) {
    const other = await service.another({ tokens });
    const { token, user } = await signIn(other);
    expect(await answer(other, token)).toBe(user.id);
    expect(await answers(token)).toEqual(twice("token_invalid"));
  }
});

test("a refresh token is no access token", async () => {
  const { refreshToken } = await signIn();
  expect(await answer(service.auth, refreshToken)).toBe("token_invalid");
  expect(await answer(service.auth, randomUUIDv7())).toBe("token_invalid");
});
