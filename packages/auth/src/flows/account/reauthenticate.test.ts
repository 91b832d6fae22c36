import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTestAuth, type TestAuth } from "../../testing/index.ts";
import type { Principal } from "../steps/core.ts";

let service: TestAuth;
const password = "correct horse battery";
let people = 0;

beforeAll(async () => {
  service = await createTestAuth();
});
afterAll(() => service[Symbol.asyncDispose]());

interface SignedIn {
  readonly username: string;
  readonly refreshToken: string;
  readonly caller: Principal;
}

async function signUp(): Promise<SignedIn> {
  const username = `person_${++people}`;
  await service.auth.createUser({ username, password });
  return signIn(username);
}

async function signIn(username: string, known = password): Promise<SignedIn> {
  const { token, refreshToken } = await service.auth.signIn({ username, password: known }, service.facts);
  return { username, refreshToken, caller: await service.auth.authenticate([`Bearer ${token}`], service.facts) };
}

const requireRecent = (caller: Principal) => service.auth.requireRecentAuthentication(caller, 600);
const show = (caller: Principal, typed = password) =>
  service.auth.reauthenticate(caller, { password: typed }, service.facts);
const required = { code: "reauthentication_required", maxAge: 600 };
const wrong = { code: "invalid_credentials" };

describe("what needs somebody to have shown lately that it is them", () => {
  test("goes on after a sign-in until its time is over", async () => {
    const { caller } = await signUp();
    await requireRecent(caller);
    await service.clock.advance(590);
    await requireRecent(caller);
    await service.clock.advance(20);
    await expect(requireRecent(caller)).rejects.toMatchObject(required);
  });

  test("is not helped by a refresh", async () => {
    const { caller, refreshToken } = await signUp();
    await service.clock.advance(700);
    await service.auth.refresh(refreshToken, service.facts);
    await expect(requireRecent(caller)).rejects.toMatchObject(required);
  });

  test("goes on after the password, in that session alone", async () => {
    const { caller, username } = await signUp();
    const other = await signIn(username);
    await service.clock.advance(700);
    await show(caller);

    await requireRecent(caller);
    await expect(requireRecent(other.caller)).rejects.toMatchObject(required);
    await service.clock.advance(610);
    await expect(requireRecent(caller)).rejects.toMatchObject(required);
  });

  test("is refused to a session that a token of another system opened, however young, until the password is shown", async () => {
    const { caller } = await signUp();
    await service.database.query("update latchkey.sessions set adopted_from = 'old_app' where id = $1", [
      caller.session.id,
    ]);
    await expect(requireRecent(caller)).rejects.toMatchObject(required);
    await show(caller);
    await requireRecent(caller);
  });
});

describe("showing that it is oneself", () => {
  test("is refused with a wrong password, an empty account's, and somebody else's session is not helped", async () => {
    const { caller } = await signUp();
    await service.clock.advance(700);
    await expect(show(caller, "not the password")).rejects.toMatchObject(wrong);
    await expect(requireRecent(caller)).rejects.toMatchObject(required);

    await service.database.query("update latchkey.users set password = '!none' where id = $1", [caller.user.id]);
    await expect(show(caller)).rejects.toMatchObject(wrong);
    await expect(show(caller, "!none")).rejects.toMatchObject(wrong);
    await expect(requireRecent(caller)).rejects.toMatchObject(required);
  });

  test("counts guesses together with those of me.changePassword, in each session by itself", async () => {
    const { caller, username } = await signUp();
    const other = await signIn(username);
    const guesses = [
      () => show(caller, "wrong"),
      () =>
        service.auth.changePassword(
          caller,
          { currentPassword: "wrong", newPassword: "another battery" },
          service.facts,
        ),
    ];
    for (const guess of [...guesses, ...guesses, ...guesses].slice(0, 5))
      await expect(guess()).rejects.toMatchObject(wrong);

    await expect(show(caller)).rejects.toMatchObject({ code: "rate_limited" });
    await show(other.caller);
    await service.clock.advance(6);
    await show(caller);
  });

  test("of 50 guesses at once checks five at most, and the right one among the others opens nothing more", async () => {
    const { caller } = await signUp();
    await service.clock.advance(700);
    const outcomes = await Promise.allSettled(Array.from({ length: 50 }, () => show(caller, "wrong")));
    const codes = outcomes.map((outcome) => (outcome.status === "rejected" ? outcome.reason.code : "ok"));

    expect(codes.filter((code) => code === "invalid_credentials").length).toBeLessThanOrEqual(5);
    expect(codes).not.toContain("ok");
    await expect(show(caller)).rejects.toMatchObject({ code: "rate_limited" });
    await expect(requireRecent(caller)).rejects.toMatchObject(required);
  });

  test("is refused once the session has ended, or the account is disabled", async () => {
    const [gone, disabled] = [await signUp(), await signUp()];
    await service.auth.signOut(gone.refreshToken, service.facts);
    await expect(show(gone.caller)).rejects.toMatchObject({ code: "session_ended" });

    await service.database.query("update latchkey.users set is_active = false where id = $1", [
      disabled.caller.user.id,
    ]);
    await expect(show(disabled.caller)).rejects.toMatchObject(wrong);
  });
});
