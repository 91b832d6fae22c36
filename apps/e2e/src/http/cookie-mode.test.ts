import { procedures } from "@latchkey/api/procedures";
import { router } from "@latchkey/api/trpc";
import { showTotp } from "@latchkey/auth/testing";
import { parsePublicUrl } from "@latchkey/server/internal";
import { afterAll, beforeAll, expect, test } from "vitest";
import { nameOf, startLiveServer } from "../live-server.ts";

const origin = "https://auth.example.com";
const publicUrl = parsePublicUrl(origin) ?? undefined;
const { url, test: core, ...live } = await startLiveServer({}, { publicUrl });
const alice = { username: "alice", password: "correct horse battery" };
beforeAll(() => core.auth.createUser(alice));
afterAll(() => live[Symbol.asyncDispose]());

interface Sent {
  readonly input?: unknown;
  readonly cookie?: string;
  readonly headers?: Record<string, string>;
  readonly at?: string;
}

async function send(path: string, { input = {}, cookie, headers, at = url }: Sent = {}) {
  const answer = await fetch(`${at}/cookie/trpc/${nameOf(path)}`, {
    method: "POST",
    headers: { origin, "content-type": "application/json", ...(cookie && { cookie }), ...headers },
    body: typeof input === "string" ? input : JSON.stringify(input),
  });
  // biome-ignore lint/suspicious/noExplicitAny: the wire is untyped; each test asserts the shape
  const body = (await answer.json()) as { result?: { data: any }; error?: any };
  const lines = answer.headers.getSetCookie();
  return { status: answer.status, data: body.result?.data, error: body.error, lines, headers: answer.headers };
}

/** The cookies that a browser has after these answers, as it sends them. */
function toCookies(lines: readonly string[]): string {
  const kept = lines.filter((line) => !line.includes("Max-Age=0"));
  return kept.map((line) => line.split(";")[0]).join("; ");
}

test("the tokens of every session answer go into the cookies, and into no body", async () => {
  const signedIn = await send("token.obtain", { input: alice });
  expect(signedIn.data).toMatchObject({ refreshToken: "", deviceMark: "", tokenType: "Bearer" });
  expect(signedIn.lines.map((line) => line.split("=")[0])).toEqual([
    "__Host-latchkey_device",
    "__Host-latchkey_refresh",
  ]);
  expect(signedIn.headers.get("cache-control")).toBe("no-store");

  const renewed = await send("token.refresh", { cookie: toCookies(signedIn.lines) });
  expect(renewed.data).toMatchObject({ refreshToken: "", user: { username: "alice" } });
  const registered = await send("account.register", { input: { ...alice, username: "bob" } });
  expect(registered.data).toMatchObject({ refreshToken: "", user: { username: "bob" } });
  const changed = await send("me.changePassword", {
    input: { currentPassword: alice.password, newPassword: "staple battery horse" },
    headers: { authorization: `Bearer ${registered.data.token}` },
  });
  expect(changed.data).toMatchObject({ refreshToken: "" });
  const shownAgain = await send("me.reauthenticate", {
    input: { password: "staple battery horse" },
    headers: { authorization: `Bearer ${changed.data.token}` },
  });
  expect(shownAgain.data).toMatchObject({ refreshToken: "", user: { username: "bob" } });
  expect(toCookies(shownAgain.lines)).not.toBe(toCookies(changed.lines));
  for (const { lines } of [renewed, registered, changed, shownAgain])
    expect(toCookies(lines)).toMatch(/__Host-latchkey_refresh=[\w-]{86}$/);
});

test("a device that forgets the others, or sets a password, has its new mark in the cookie and in no body", async () => {
  await core.auth.operator.update(alice.username, { phoneNumber: "+905321234567" });
  const { data, lines } = await send("token.obtain", { input: alice });
  const headers = { authorization: `Bearer ${data.token}` };
  for (const [path, input] of [
    ["me.devices.forget", {}],
    ["sessions.revokeOthers", {}],
    ["me.phone.remove", {}],
  ] as const) {
    const answer = await send(path, { input, headers, cookie: toCookies(lines) });
    expect(answer.data).toMatchObject({ deviceMark: "" });
    expect(toCookies(answer.lines)).toMatch(/^__Host-latchkey_device=[\w-]{43}$/);
    expect(toCookies(lines)).not.toContain(toCookies(answer.lines));
  }
});

test("a device that is remembered at the second factor has that in a cookie of its own, and signs in by the password alone", async () => {
  const person = { username: "remembered", password: alice.password };
  const { token } = await core.auth.register(person, core.facts);
  const caller = await core.auth.authenticate([`Bearer ${token}`]);
  const { ticket, secret } = await core.auth.startTotp(caller, core.facts);
  await core.auth.confirmTotp(caller, { ticket, totp: await showTotp(core, secret) }, core.facts);
  const asked = await send("token.obtain", { input: person });
  expect(asked.error.data).toMatchObject({ reason: "second_factor_required", rememberSeconds: 30 * 86_400 });
  await core.clock.advance(30);
  const shown = { ticket: asked.error.data.ticket, totp: await showTotp(core, secret), remember: true };
  const signedIn = await send("token.obtainBySecondFactor", { input: shown });
  expect(signedIn.data).toMatchObject({ refreshToken: "", deviceMark: "", rememberMark: "" });
  const line = signedIn.lines.find((one) => one.startsWith("__Host-latchkey_remember="));
  expect(line).toMatch(
    /^__Host-latchkey_remember=[\w-]{22}; Expires=[^;]+GMT; Path=\/; HttpOnly; SameSite=Strict; Secure$/,
  );
  const [cookie = ""] = line?.split(";") ?? [];
  const again = await send("token.obtain", { input: person, cookie });
  expect(again.data).toMatchObject({ refreshToken: "", user: { username: "remembered" } });
  const forged = await send("token.obtain", { input: { ...person, rememberMark: "A".repeat(22) }, cookie });
  expect(forged.status).toBe(200);
  const twice = await send("token.obtain", { input: person, cookie: `${cookie}; ${cookie}` });
  expect(twice.error.data.reason).toBe("second_factor_required");
  expect((await send("token.obtain", { input: person })).error.data.reason).toBe("second_factor_required");
});

test("what a script puts into the body is not looked at where the cookie counts", async () => {
  const { lines } = await send("token.obtain", { input: alice });
  const cookie = toCookies(lines);
  for (const input of [{ refreshToken: "x" }, { refreshToken: "" }, "", "{", "[[["]) {
    expect((await send("token.refresh", { input, cookie })).status).toBe(200);
  }
});

test("whoever had the cookie of before stays signed in, once, and then has the new one", async () => {
  const { refreshToken } = await core.auth.signIn(alice, { address: null, requestId: "x", userAgent: null });
  const renewed = await send("token.refresh", { cookie: `latchkey_refresh=${refreshToken}` });
  expect(renewed.data).toMatchObject({ user: { username: "alice" } });
  expect(renewed.lines.filter((line) => line.startsWith("latchkey_refresh=; Max-Age=0; Path=/cookie"))).toHaveLength(1);

  const cookies = toCookies(renewed.lines);
  const stranger = await core.auth.signIn({ ...alice }, { address: null, requestId: "x", userAgent: null });
  const again = await send("token.refresh", { cookie: `latchkey_refresh=${stranger.refreshToken}; ${cookies}` });
  expect(again.status).toBe(200);
  const out = await send("token.revoke", { cookie: toCookies(again.lines) });
  expect(out.lines).toEqual([expect.stringMatching(/^__Host-latchkey_refresh=; Max-Age=0; Path=\/;.*Secure/)]);
  const tossed = `latchkey_refresh=${stranger.refreshToken}; ${cookies.replace(/; __Host-latchkey_refresh.*/, "")}`;
  expect((await send("token.refresh", { cookie: tossed })).error.data.reason).toBe("refresh_token_invalid");
});

test("a session that is over takes its cookie with it, and a refusal that may pass leaves it", async () => {
  const over = await send("token.refresh", { cookie: "__Host-latchkey_refresh=none" });
  expect([over.status, over.lines.length]).toEqual([401, 1]);
  const wrong = await send("token.obtain", { input: { ...alice, password: "x" }, cookie: "__Host-latchkey_refresh=a" });
  expect([wrong.status, wrong.lines]).toEqual([400, []]);
});

test("no other procedure, no batch and no other method is answered in cookie mode", async () => {
  for (const path of [
    "me.update",
    "token.verify",
    "users.create",
    "no.such",
    "token",
    "token.obtain,token.refresh",
    "",
  ]) {
    const { status, lines } = await send(path);
    expect([status, lines], path).toEqual([404, []]);
  }
  for (const path of ["me.get", "users.list"]) expect((await send(path)).status).toBe(405);
  const batch = await send("token.refresh?batch=1", { input: { 0: {} }, cookie: "__Host-latchkey_refresh=a" });
  expect([batch.status, batch.lines]).toEqual([400, []]);
  expect((await fetch(`${url}/cookie/trpc/token.refresh`, { headers: { origin } })).status).toBe(404);
});

test("the public address alone is the service's own origin, whatever host is called", async () => {
  for (const other of [url, "http://auth.example.com", "https://auth.example.com.evil.example", "null", ""]) {
    const { status, error } = await send("token.obtain", { input: alice, headers: { origin: other } });
    expect([status, error.data.reason], other).toEqual([403, "permission_denied"]);
  }
});

test("procedures that are mounted below a name of another router are found there too", async () => {
  const mounted = router({ auth: router({ token: procedures.token, me: procedures.me }) });
  await using own = await startLiveServer({}, { publicUrl, router: mounted });
  await own.test.auth.createUser(alice);
  const { lines } = await send("auth.token.obtain", { at: own.url, input: alice });
  expect((await send("auth.token.refresh", { at: own.url, cookie: toCookies(lines) })).status).toBe(200);
  expect((await send("auth.me.update", { at: own.url })).status).toBe(404);
});

test("a sign-in ends the session whose cookie came along, and one that is refused does not", async () => {
  const carol = { username: "carol", password: "correct horse battery" };
  await core.auth.createUser(carol);
  const first = await send("token.obtain", { input: carol });
  const cookie = toCookies(first.lines);
  const isAlive = async (token: string) => (await core.auth.inspectToken(token, core.facts)).active;

  expect((await send("token.obtain", { input: { ...carol, password: "wrong horse" }, cookie })).status).toBe(400);
  expect(await isAlive(first.data.token)).toBe(true);
  const second = await send("token.obtain", { input: carol, cookie });
  expect(await isAlive(first.data.token)).toBe(false);
  expect(await isAlive(second.data.token)).toBe(true);

  const registration = { username: "dave", password: carol.password };
  const third = await send("account.register", { input: registration, cookie: toCookies(second.lines) });
  expect(await isAlive(second.data.token)).toBe(false);
  expect(await isAlive(third.data.token)).toBe(true);
});
