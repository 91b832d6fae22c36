import { decodeJwt } from "jose";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Auth } from "../../auth.ts";
import { type AuthError, HookRefusal } from "../../errors.ts";
import { sha256 } from "../../secrets.ts";
import { createTestAuth, showTotp, type TestAuth } from "../../testing/index.ts";
import type { Principal } from "../steps/core.ts";
import type { SignInByRedirectInput } from "./sign-in-by-redirect.ts";

const password = "correct horse battery";
let service: TestAuth;
let auth: Auth;
let isRefusing = false;
beforeAll(async () => {
  service = await createTestAuth({
    tokens: { audience: ["latchkey", "shop"] },
    on: {
      signedIn: () => {
        if (isRefusing) throw new HookRefusal("Not today");
      },
    },
  });
  auth = service.auth;
});
afterAll(() => service[Symbol.asyncDispose]());

const verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const codeChallenge = sha256(Buffer.from(verifier)).toString("base64url");
const app = { clientId: "shop", redirectUri: "https://shop.example.com/signed-in" };

let people = 0;
let person: Awaited<ReturnType<typeof signIn>>;
beforeEach(async () => {
  person = await signIn();
});

/** Somebody new who is signed in on the pages, from a network of their own. */
async function signIn() {
  const username = `person_${++people}`;
  const facts = { ...service.facts, address: `2001:db8:${people.toString(16)}::1` };
  const { id } = await auth.createUser({ username, password });
  const { token, refreshToken } = await auth.signIn({ username, password }, facts);
  return { id, username, facts, refreshToken, caller: await auth.authenticate([`Bearer ${token}`]) };
}

const start = (caller: Principal = person.caller, more: Partial<Parameters<Auth["startRedirect"]>[1]> = {}) =>
  auth.startRedirect(caller, { ...app, codeChallenge, ...more });
const exchange = (code: string, more: Partial<SignInByRedirectInput> = {}, by: Auth = auth) =>
  by.signInByRedirect({ code, codeVerifier: verifier, ...app, ...more }, person.facts);
const refusalOf = (action: Promise<unknown>) =>
  action.then(
    () => "done",
    (error: AuthError) => error.code,
  );

async function readTrail(): Promise<Record<string, unknown>[]> {
  const rows = await service.database.query<{ event: string; detail: Record<string, unknown> }>(
    "select event, detail from latchkey.audit_events where subject_id = $1 order by id",
    [person.id],
  );
  return rows.map(({ event, detail }) => ({ event, ...detail }));
}

const readSession = async (token: string) => {
  const [row] = await service.database.query<{ ended_at: Date | null; end_reason: string | null }>(
    "select * from latchkey.sessions where id = $1",
    [String(decodeJwt(token).sid)],
  );
  return row;
};

test("the code is exchanged for a session of the app's own, which says of its owner what that of the pages says, and ends no later", async () => {
  await service.clock.advance(20 * 86_400);
  const { code } = await start();
  expect(code).toMatch(/^[\w-]{43}$/);
  const answer = await exchange(code, { deviceName: "Kitchen" });
  expect(answer).toMatchObject({
    tokenType: "Bearer",
    user: { username: person.username },
    deviceMark: expect.stringMatching(/^[\w-]{43}$/),
  });
  const { session } = await auth.authenticate([`Bearer ${answer.token}`]);
  const { caller } = person;
  expect(session.id).not.toBe(caller.session.id);
  expect(session).toMatchObject({
    ...{ acr: "1", amr: ["pwd"], authTime: caller.session.authTime },
  });
  const early = Number(caller.session.expiresAt) - Number(session.expiresAt);
  expect(early).toBeGreaterThanOrEqual(0);
  // A second that had begun is not counted, and making it takes a moment.
  expect(early).toBeLessThan(30_000);
  expect(decodeJwt(answer.token)).toMatchObject({
    ...{ aud: "latchkey", auth_time: Math.floor(Number(caller.session.authTime) / 1_000) },
  });
  expect(await auth.listSessions(caller)).toContainEqual(expect.objectContaining({ id: session.id }));
  expect(await readTrail()).toContainEqual(
    expect.objectContaining({ event: "signed_in", by: "redirect", client: "shop", sessionId: session.id }),
  );
  // The one of the pages goes on by itself, and so does the app's.
  await auth.signOut(person.refreshToken, person.facts);
  expect(await readSession(answer.token)).toMatchObject({ ended_at: null });
});

test("what was shown on the pages long ago counts for no more in the app", async () => {
  await service.clock.advance(3_600);
  const answer = await exchange((await start()).code);
  const caller = await auth.authenticate([`Bearer ${answer.token}`]);
  expect(await refusalOf(auth.requireRecentAuthentication(caller, 600))).toBe("reauthentication_required");
  expect(await refusalOf(auth.startTotp(caller, person.facts))).toBe("reauthentication_required");
  await auth.reauthenticate(caller, { password }, person.facts);
  await auth.requireRecentAuthentication(await auth.authenticate([`Bearer ${answer.token}`]), 600);
});

test("what was shown there a moment ago counts in the app as well, for as long as it would there", async () => {
  await service.clock.advance(3_600);
  await auth.reauthenticate(person.caller, { password }, person.facts);
  await service.clock.advance(300);
  const { token } = await exchange((await start()).code);
  const caller = await auth.authenticate([`Bearer ${token}`]);
  await auth.requireRecentAuthentication(caller, 600);
  await service.clock.advance(301);
  expect(await refusalOf(auth.requireRecentAuthentication(caller, 600))).toBe("reauthentication_required");
});

describe("a code is refused, and is used up by that,", () => {
  test.each<[string, Partial<SignInByRedirectInput>, string]>([
    ["of another app", { clientId: "other" }, "wrong_client"],
    ["with another address", { redirectUri: "https://evil.example/" }, "wrong_redirect"],
    ["with an address that only begins alike", { redirectUri: `${app.redirectUri}/x` }, "wrong_redirect"],
    ["with another verifier", { codeVerifier: "A".repeat(43) }, "wrong_verifier"],
    ["with the challenge in place of the verifier", { codeVerifier: codeChallenge }, "wrong_verifier"],
    ["without a verifier", { codeVerifier: "" }, "wrong_verifier"],
  ])("%s", async (_, more, because) => {
    const { code } = await start();
    expect(await refusalOf(exchange(code, more))).toBe("code_invalid");
    expect(await refusalOf(exchange(code))).toBe("code_invalid");
    const told = (await readTrail()).filter(({ event }) => event === "authorization_code_refused");
    expect(told).toEqual([
      { event: "authorization_code_refused", client: "shop", because },
      { event: "authorization_code_refused", client: "shop", because: "used_before" },
    ]);
  });

  test("after a minute", async () => {
    const { code } = await start();
    await service.clock.advance(60);
    expect(await refusalOf(exchange(code))).toBe("code_invalid");
    expect((await readTrail()).at(-1)).toMatchObject({ because: "expired" });
  });

  test.each<[string, () => Promise<unknown>, string]>([
    ["signed out", () => auth.signOut(person.refreshToken, person.facts), "session_ended"],
    [
      "changed the password elsewhere",
      async () => {
        const { token } = await auth.signIn({ username: person.username, password }, person.facts);
        const elsewhere = await auth.authenticate([`Bearer ${token}`]);
        await auth.changePassword(elsewhere, { currentPassword: password, newPassword: `${password} 2` }, person.facts);
      },
      "session_ended",
    ],
    [
      "was disabled",
      () => service.database.query("update latchkey.users set is_active = false where id = $1", [person.id]),
      "inactive_account",
    ],
    [
      "has to show a second factor by now",
      () =>
        service.database.query("update latchkey.users set second_factor_at = latchkey.now() where id = $1", [
          person.id,
        ]),
      "session_ended",
    ],
  ])("of somebody who %s in between", async (_, action, because) => {
    const { code } = await start();
    await action();
    expect(await refusalOf(exchange(code))).toBe("code_invalid");
    expect((await readTrail()).at(-1)).toMatchObject({ event: "authorization_code_refused", because });
  });

  test("in the last second of the pages' session", async () => {
    const { code } = await start();
    await service.database.query(
      `update latchkey.sessions set expires_at = latchkey.now() + interval '0.9 seconds',
         idle_expires_at = latchkey.now() + interval '0.9 seconds' where id = $1`,
      [person.caller.session.id],
    );
    expect(await refusalOf(exchange(code))).toBe("code_invalid");
    expect((await readTrail()).at(-1)).toMatchObject({ because: "session_ended" });
  });

  test("of somebody who was deleted, and one that was never made", async () => {
    const { code } = await start();
    await service.database.query("delete from latchkey.users where id = $1", [person.id]);
    expect(await refusalOf(exchange(code))).toBe("code_invalid");
    expect(await refusalOf(exchange("A".repeat(43)))).toBe("code_invalid");
  });
});

test("of 50 who show one code at once, in two processes, one gets a session, and that is ended", async () => {
  const other = await service.another();
  const { code } = await start();
  const tries = Array.from({ length: 50 }, (_, at) => exchange(code, {}, at % 2 === 0 ? auth : other));
  const settled = await Promise.allSettled(tries);
  const done = settled.filter((one) => one.status === "fulfilled");
  expect(done).toHaveLength(1);
  const { token, refreshToken } = done[0]?.value ?? { token: "", refreshToken: "" };
  expect(await readSession(token)).toMatchObject({ end_reason: "authorization_code_reused" });
  expect(await refusalOf(auth.authenticate([`Bearer ${token}`]))).toBe("session_ended");
  expect(await refusalOf(auth.refresh(refreshToken, person.facts))).toBe("session_ended");
  const refused = (await readTrail()).filter(({ event }) => event === "authorization_code_refused");
  expect(refused).toHaveLength(49);
  // Told by the one that ended it.
  expect(refused.filter(({ sessionId }) => sessionId !== undefined)).toHaveLength(1);
  // The person's other sessions are not touched.
  expect(await auth.listSessions(person.caller)).toHaveLength(1);
});

test("a code that is used twice ends its session, whoever uses it and however late within a day", async () => {
  const first = await start();
  const { token } = await exchange(first.code);
  await service.clock.advance(3_600);
  expect(await refusalOf(exchange(first.code, { clientId: "other", codeVerifier: "A".repeat(43) }))).toBe(
    "code_invalid",
  );
  expect(await readSession(token)).toMatchObject({ end_reason: "authorization_code_reused" });
});

test("a hook that refuses the session leaves the code as it was", async () => {
  const { code } = await start();
  isRefusing = true;
  expect(await refusalOf(exchange(code))).toBe("refused_by_hook");
  isRefusing = false;
  expect(await exchange(code)).toMatchObject({ user: { id: person.id } });
});

test("an app with an audience gets tokens of that alone, also after a refresh: they open nothing here", async () => {
  const { code } = await start(person.caller, { audience: "shop" });
  const answer = await exchange(code);
  expect(decodeJwt(answer.token).aud).toBe("shop");
  // With a device that is known, a code of a number that its owner may have lost would open the account.
  expect(answer.deviceMark).toBe("");
  expect(await refusalOf(auth.authenticate([`Bearer ${answer.token}`]))).toBe("token_invalid");
  const renewed = await auth.refresh(answer.refreshToken, person.facts);
  expect(decodeJwt(renewed.token).aud).toBe("shop");
  expect(await refusalOf(auth.authenticate([`Bearer ${renewed.token}`]))).toBe("token_invalid");
  expect(await auth.inspectToken(renewed.token, person.facts, { audience: "shop" })).toMatchObject({ active: true });
  expect(await refusalOf(start(person.caller, { audience: "elsewhere" }))).toBe("invalid_input");
});

test("nothing is made for a sign-in that is too old for the app, or with a challenge that is none", async () => {
  await start(person.caller, { maxAge: 60 });
  await service.clock.advance(61);
  expect(await refusalOf(start(person.caller, { maxAge: 60 }))).toBe("reauthentication_required");
  for (const challenge of ["", "A".repeat(42), `${"A".repeat(42)}=`, `${"A".repeat(42)}+`, "A".repeat(44)])
    expect(await refusalOf(start(person.caller, { codeChallenge: challenge })), challenge).toBe("invalid_input");
});

test("a session of two factors gives one of two factors", async () => {
  const { ticket, secret } = await auth.startTotp(person.caller, person.facts);
  await auth.confirmTotp(person.caller, { ticket, totp: await showTotp(service, secret) }, person.facts);
  const { token } = await exchange((await start()).code);
  expect(decodeJwt(token)).toMatchObject({ acr: "2", amr: expect.arrayContaining(["otp", "mfa"]) });
});

test("a session on a remembered device gives one that rests on the device and ends with it", async () => {
  const { username, facts } = person;
  const { ticket, secret } = await auth.startTotp(person.caller, facts);
  await auth.confirmTotp(person.caller, { ticket, totp: await showTotp(service, secret) }, facts);
  await service.clock.advance(30);
  const asked: AuthError = await auth.signIn({ username, password }, facts).catch((error) => error);
  const shown = { ticket: asked.secondFactor?.ticket ?? "", totp: await showTotp(service, secret), remember: true };
  const { rememberMark } = await auth.signInBySecondFactor(shown, facts);
  const pages = await auth.signIn({ username, password, rememberMark }, facts);
  const { token } = await exchange((await start(await auth.authenticate([`Bearer ${pages.token}`]))).code);
  const caller = await auth.authenticate([`Bearer ${token}`]);
  expect(caller.session).toMatchObject({ acr: "1", amr: ["pwd"] });
  expect(await refusalOf(auth.requireRecentAuthentication(caller, 600))).toBe("reauthentication_required");

  const [device] = await auth.listRememberedDevices(caller);
  await auth.endRememberedDevice(caller, device?.id ?? "", facts);
  expect(await refusalOf(auth.authenticate([`Bearer ${token}`]))).toBe("session_ended");
});

test("neither the code nor its verifier is in the database, and codes are cleared away a day after their end", async () => {
  const { code } = await start();
  await exchange(code);
  const rows = await service.database.query<{ row: string }>(
    "select t::text as row from latchkey.authorization_codes t",
  );
  for (const { row } of rows) for (const secret of [code, verifier]) expect(row).not.toContain(secret);
  await service.clock.advance(86_400);
  await auth.purge();
  expect(
    await service.database.query("select from latchkey.authorization_codes where user_id = $1", [person.id]),
  ).toHaveLength(1);
  await service.clock.advance(61);
  await auth.purge();
  expect(await service.database.query("select from latchkey.authorization_codes")).toEqual([]);
});

test("whoever shows one made-up code after another waits from the hundredth on, and nobody else does", async () => {
  const tries: string[] = [];
  for (let at = 0; at < 101; at += 1) tries.push(await refusalOf(exchange(`guess-${at}`)));
  expect(tries.slice(0, 100)).toEqual(Array(100).fill("code_invalid"));
  expect(tries[100]).toBe("rate_limited");
  const { code } = await start();
  expect(await refusalOf(exchange(code))).toBe("rate_limited");
  const elsewhere = { ...service.facts, address: "198.51.100.7" };
  expect(await auth.signInByRedirect({ code, codeVerifier: verifier, ...app }, elsewhere)).toBeTruthy();
});
