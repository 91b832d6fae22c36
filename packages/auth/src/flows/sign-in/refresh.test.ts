import pg from "pg";
import { expect, test } from "vitest";
import { AuthError } from "../../errors.ts";
import { createTestAuth } from "../../testing/index.ts";
import type { TokenResponse } from "../steps/issue-session-tokens.ts";

const password = "correct horse battery";
const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => "ok",
    (error: unknown) => (error instanceof AuthError ? error.code : String(error)),
  );

test("a refresh token that is used twice within the grace time gets the same successor, and after it ends the session", async () => {
  await using test = await createTestAuth();
  const { auth, facts, clock, database } = test;
  await auth.createUser({ username: "alice", password });
  const first = await auth.signIn({ username: "alice", password }, facts);

  const second = await auth.refresh(first.refreshToken, facts);
  await clock.advance(29);
  const repeated = await auth.refresh(first.refreshToken, facts);
  expect(repeated.refreshToken).toBe(second.refreshToken);
  expect(await codeOf(auth.authenticate([`Bearer ${repeated.token}`]))).toBe("ok");

  await clock.advance(2);
  expect(await codeOf(auth.refresh(first.refreshToken, facts))).toBe("refresh_token_reused");
  expect(await codeOf(auth.refresh(second.refreshToken, facts))).toBe("session_ended");
  expect(await codeOf(auth.authenticate([`Bearer ${repeated.token}`]))).toBe("session_ended");
  expect(await database.query("select event from latchkey.audit_events order by position")).toEqual([
    { event: "user_created" },
    { event: "signed_in" },
    { event: "refresh_token_reused" },
  ]);
});

test("after the database's clock was set back, the grace time is no longer than it was, and a lost answer is had again", {
  tags: ["long"],
}, async () => {
  await using test = await createTestAuth();
  const { auth, facts, clock } = test;
  await auth.createUser({ username: "alice", password });
  const used = await auth.signIn({ username: "alice", password }, facts);
  const lost = await auth.signIn({ username: "alice", password }, facts);
  const { token } = await auth.refresh(used.refreshToken, facts);
  expect(await codeOf(auth.authenticate([`Bearer ${token}`]))).toBe("ok");
  await auth.refresh(lost.refreshToken, facts);

  await clock.advance(-20);
  expect(await codeOf(auth.refresh(used.refreshToken, facts))).toBe("ok");
  await clock.advance(-40);
  expect(await codeOf(auth.refresh(used.refreshToken, facts))).toBe("refresh_token_reused");
  expect(await codeOf(auth.refresh(lost.refreshToken, facts))).toBe("ok");
});

test("eight refreshes at once on two processes rotate once and keep everybody signed in", async () => {
  await using test = await createTestAuth();
  const { auth, facts, database } = test;
  const other = await test.another();
  await auth.createUser({ username: "alice", password });
  const { refreshToken } = await auth.signIn({ username: "alice", password }, facts);

  const answers = await Promise.all(
    Array.from({ length: 8 }, (_, index) => (index % 2 ? auth : other).refresh(refreshToken, facts)),
  );

  expect(new Set(answers.map((answer) => answer.refreshToken)).size).toBe(1);
  for (const { token } of answers) expect(await codeOf(other.authenticate([`Bearer ${token}`]))).toBe("ok");
  expect(await database.query("select count(*)::int as sessions from latchkey.sessions")).toEqual([{ sessions: 1 }]);
});

test("whoever waits for a session's row with its tokens, or with used ones of many sessions, keeps nobody else from the database", async () => {
  await using test = await createTestAuth();
  const { auth, facts, clock, database } = test;
  for (const username of ["alice", "dora"]) await auth.createUser({ username, password });
  const signIn = (username: string) => auth.signIn({ username, password }, facts);
  const sessions: TokenResponse[] = [];
  for (let count = 0; count < 12; count++) {
    // One after the other: of more than ten that are counted before one of them has succeeded, the rest would have to wait.
    const session = await signIn("alice");
    await auth.refresh((await auth.refresh(session.refreshToken, facts)).refreshToken, facts);
    sessions.push(session);
  }
  await clock.advance(60);
  const [present, other] = [await signIn("alice"), await signIn("dora")];

  const holder = new pg.Client(database.connection);
  await holder.connect();
  await holder.query("begin; select from latchkey.sessions for update");
  const refresh = (token: string) => codeOf(auth.refresh(token, facts));
  const ofOne = Array.from({ length: 15 }, () => refresh(present.refreshToken));
  const used = sessions.map(({ refreshToken }) => refresh(refreshToken));
  const signOuts = sessions.map(({ refreshToken }) => codeOf(auth.signOut(refreshToken, facts)));
  expect(await codeOf(auth.authenticate([`Bearer ${other.token}`]))).toBe("ok");
  await holder.end();
  expect(new Set(await Promise.all([...ofOne, ...signOuts]))).toEqual(new Set(["ok"]));
  for (const code of await Promise.all(used)) expect(code).toMatch(/^(refresh_token_reused|session_ended)$/);
});

test("a password change ends every other session, and gives the present one a pair of tokens that a tab with the old one does not get", async () => {
  await using test = await createTestAuth();
  const { auth, facts } = test;
  await auth.createUser({ username: "alice", password });
  const here = await auth.signIn({ username: "alice", password }, facts);
  const there = await auth.signIn({ username: "alice", password }, facts);
  const caller = await auth.authenticate([`Bearer ${here.token}`]);

  const input = { currentPassword: password, newPassword: "an even better battery" };
  const changed = await auth.changePassword(caller, input, facts);

  expect(await codeOf(auth.refresh(here.refreshToken, facts))).toBe("unavailable");
  expect(await codeOf(auth.refresh(changed.refreshToken, facts))).toBe("ok");
  expect(await codeOf(auth.authenticate([`Bearer ${there.token}`]))).toBe("session_ended");
  expect(await codeOf(auth.refresh(there.refreshToken, facts))).toBe("session_ended");
  expect(await codeOf(auth.signIn({ username: "alice", password }, facts))).toBe("invalid_credentials");
  expect(await codeOf(auth.changePassword(caller, input, facts))).toBe("invalid_credentials");
});

test("a session ends when it is not refreshed for its idle lifetime, and at its absolute lifetime however much it is", async () => {
  await using test = await createTestAuth({ sessions: { lifetime: 3_600, idleLifetime: 1_200 } });
  const { auth, facts, clock } = test;
  await auth.createUser({ username: "alice", password });
  const idle = await auth.signIn({ username: "alice", password }, facts);
  let busy: TokenResponse = await auth.signIn({ username: "alice", password }, facts);

  await clock.advance(1_000);
  busy = await auth.refresh(busy.refreshToken, facts);
  await clock.advance(201);
  expect(await codeOf(auth.refresh(idle.refreshToken, facts))).toBe("session_ended");
  for (let minutes = 0; minutes < 2; minutes++) {
    await clock.advance(900);
    busy = await auth.refresh(busy.refreshToken, facts);
  }
  await clock.advance(600);
  expect(await codeOf(auth.refresh(busy.refreshToken, facts))).toBe("session_ended");
  expect(await auth.purge()).toMatchObject({ sessions: 2 });
});
