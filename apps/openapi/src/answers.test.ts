import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { isAuthError } from "@latchkey/auth";
import { createInbox, createPasskeyDevice, showTotp } from "@latchkey/auth/testing";
import { startLiveServer } from "@latchkey/e2e/live-server";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Document, Operation, Schema } from "./document.ts";
import { compile } from "./schemas.ts";
import { files, procedures } from "./service.ts";

const password = "correct horse battery";
const inbox = createInbox();
const live = await startLiveServer({
  messages: { senders: { sms: inbox, email: inbox }, isEnforced: false },
  tokens: { audience: ["latchkey", "shop"] },
  passkeys: { rpId: "localhost", allowsLocalhost: true },
});
afterAll(() => live[Symbol.asyncDispose]());

let document: Document;
beforeAll(async () => {
  // That it is the one that the procedures make is the guarantee of document.test.ts and generated-document.long.test.ts.
  document = JSON.parse(await readFile(files.document, "utf8"));
  await live.test.auth.createUser({ username: "alice", phoneNumber: "+905321234567", password });
  await live.test.auth.createUser({ username: "root", password, isSuperuser: true });
});

const shown = new Set<string>();

interface Asking {
  readonly input?: unknown;
  readonly token?: string;
  readonly status?: number;
}

/** Calls a procedure as the document says, and holds the answer to what the document says of it, field by field. */
async function ask(name: string, { input, token, status = 200 }: Asking = {}) {
  const [[method, operation] = []] = Object.entries(document.paths[`/trpc/${name}`] ?? {});
  if (!method || !operation) throw new Error(`${name} is not in the document`);
  const query = method === "get" && input !== undefined ? `?input=${encodeURIComponent(JSON.stringify(input))}` : "";
  const response = await fetch(`${live.url}/trpc/${name}${query}`, {
    method: method.toUpperCase(),
    headers: { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) },
    ...(method === "post" && { body: JSON.stringify(input ?? {}) }),
  });
  // biome-ignore lint/suspicious/noExplicitAny: the wire is untyped; what it holds is checked against the document
  const body: any = await response.json();
  expect(response.status, JSON.stringify(body)).toBe(status);
  const { schema, headers } = responseOf(operation, status);
  expect(compile(document, schema, { isClosed: true })(body), name).toEqual([]);
  expect(headers, name).toContain("X-Request-Id");
  for (const header of ["X-Request-Id", "Retry-After", "WWW-Authenticate"]) {
    if (response.headers.has(header)) expect(headers, `${header} of ${name}`).toContain(header);
  }
  expect(response.headers.has("X-Request-Id")).toBe(true);
  expect(response.headers.has("Retry-After")).toBe(body.error?.data.retryAfter !== undefined);
  if (status === 200) shown.add(name);
  return body.result?.data ?? body.error;
}

/** What the document says of a status. */
function responseOf({ responses, operationId }: Operation, status: number): { schema: Schema; headers: string[] } {
  const given = responses[status];
  const response = given && "$ref" in given ? document.components.responses[given.$ref.split("/").at(-1) ?? ""] : given;
  const schema = response?.content?.["application/json"].schema;
  if (!schema) throw new Error(`${operationId} does not tell of ${status}`);
  return { schema, headers: Object.keys(response.headers ?? {}) };
}

const signIn = (username: string, more: object = {}) => ask("token.obtain", { input: { username, password, ...more } });

test("a person's calls are answered as the document says", async () => {
  const signedIn = await signIn("alice", { deviceName: "Ada's iPhone" });
  const { refreshToken } = await ask("token.refresh", { input: { refreshToken: signedIn.refreshToken } });
  const token = signedIn.token;
  await ask("token.verify", { input: { token, permissions: ["auth.add_user"] } });
  await ask("token.verify", { input: { token: "x" } });
  const { token: forShop } = await ask("token.exchange", { token, input: { audience: "shop" } });
  expect((await ask("token.verify", { input: { token: forShop, audience: "shop" } })).aud).toBe("shop");
  await ask("token.exchange", { token, input: { audience: "latchkey" }, status: 400 });
  await ask("me.get", { token });
  await ask("me.update", { token, input: { city: "İzmir", gender: "Female" } });
  await ask("me.update", { token, input: { gender: null } });
  await ask("me.permissions", { token });
  await ask("me.activity", { token, input: { limit: 1 } });
  await ask("me.export", { token });
  await ask("me.update", { token, input: { isApprovedToBeInTouch: true } });
  expect(await ask("me.consents", { token })).toMatchObject([{ isGiven: true, decidedBy: "owner" }]);
  const [session] = await ask("sessions.list", { token });
  expect(session.deviceName).toBe("Ada's iPhone");
  await ask("sessions.revokeOthers", { token });
  const other = await signIn("alice");
  const [{ id }] = (await ask("sessions.list", { token: other.token })).filter(
    ({ current }: { current: boolean }) => !current,
  );
  await ask("sessions.revoke", { token: other.token, input: { id } });
  await ask("me.reauthenticate", { token: other.token, input: { password } });
  await ask("me.changePassword", {
    token: other.token,
    input: { currentPassword: password, newPassword: "an even better battery" },
  });
  const { notices } = await ask("me.notices.list", { token: other.token, input: { limit: 1 } });
  expect(notices).toMatchObject([{ kind: "password_changed", readAt: null }]);
  await ask("me.notices.markRead", { token: other.token, input: { ids: [notices[0].id] } });
  await ask("me.notices.list", { token: other.token });
  await ask("me.devices.forget", { token: other.token, input: { deviceMark: other.deviceMark } });
  await ask("me.recoveryCodes.status", { token: other.token });
  const { codes } = await ask("me.recoveryCodes.create", { token: other.token });
  await ask("me.recoveryCodes.status", { token: other.token });
  await live.test.database.query("update latchkey.recovery_codes set good_from = latchkey.now() + interval '1 day'");
  await ask("me.recoveryCodes.stop", { token: other.token });
  await ask("recovery.start", { input: { code: codes[0] }, status: 400 });
  const next = await ask("me.recoveryCodes.create", { token: other.token });
  const { ticket } = await ask("recovery.start", { input: { code: next.codes[0] } });
  await ask("recovery.setPassword", { input: { ticket, newPassword: "a battery of horses" } });
  await ask("token.revoke", { input: { refreshToken } });
  await ask("account.register", {
    input: { username: "carol", password: "a battery of horses", deviceName: "laptop" },
  });
});

test("leaving and coming back are answered as the document says", async () => {
  const { token } = await ask("account.register", { input: { username: "leaver", password } });
  const { kept } = await ask("me.delete", { token });
  expect(kept).toMatchObject([{ what: "audit_trail" }, { what: "erasure", seconds: null }]);
  expect(await signIn("leaver")).toMatchObject({ deletionStopped: true });
});

test("second factors are answered as the document says", async () => {
  const { clock } = live.test;
  const { token } = await ask("account.register", { input: { username: "frida", password } });
  expect((await ask("me.totp.get", { token })).since).toBeNull();
  const { ticket, secret, uri } = await ask("me.totp.start", { token });
  expect(uri).toContain("otpauth://totp/");
  const show = () => showTotp(live.test, secret);
  await ask("me.totp.confirm", { status: 400, token, input: { ticket, totp: "none" } });
  await ask("me.totp.confirm", { token, input: { ticket, totp: await show() } });
  const asked = await ask("token.obtain", { status: 401, input: { username: "frida", password } });
  expect(asked.data).toMatchObject({ reason: "second_factor_required", methods: ["totp"] });
  await ask("token.enrollTotp", { status: 400, input: { ticket: asked.data.ticket } });
  await clock.advance(30);
  const signedIn = await ask("token.obtainBySecondFactor", {
    input: { ticket: asked.data.ticket, totp: await show(), remember: true },
  });
  const { rememberMark } = signedIn;
  const remembered = await ask("token.obtain", { input: { username: "frida", password, rememberMark } });
  expect((await ask("token.verify", { input: { token: remembered.token } })).acr).toBe("1");
  const [device] = await ask("me.rememberedDevices.list", { token: signedIn.token });
  await ask("me.rememberedDevices.end", { token: signedIn.token, input: { id: device.id } });
  expect((await ask("token.verify", { input: { token: signedIn.token } })).acr).toBe("2");
  expect((await ask("me.totp.get", { token: signedIn.token })).since).not.toBeNull();
  await ask("me.totp.remove", { token: signedIn.token });
  const strict = await live.test.another({ secondFactor: "all" });
  const refusal: unknown = await strict
    .signIn({ username: "frida", password }, live.test.facts)
    .catch((error) => error);
  const request = isAuthError(refusal) ? refusal.secondFactor : undefined;
  expect(request).toMatchObject({ methods: [], enroll: ["totp", "passkey"] });
  await ask("token.enrollTotp", { input: { ticket: request?.ticket } });
});

test("passkeys are answered as the document says", async () => {
  const device = createPasskeyDevice();
  const { token } = await ask("account.register", { input: { username: "grace", password } });
  await ask("me.passkeys.startReauthentication", { token, status: 404 });
  const begun = await ask("me.passkeys.start", { token });
  const added = await ask("me.passkeys.add", {
    token,
    input: { passkey: device.create(begun.options), name: "phone" },
  });
  const { id } = added.passkey;
  await ask("me.passkeys.rename", { token, input: { id, name: "old phone" } });
  expect(await ask("me.passkeys.list", { token })).toMatchObject([{ id, name: "old phone" }]);
  const { options } = await ask("me.passkeys.startReauthentication", { token });
  await ask("me.reauthenticate", { token, input: { passkey: device.get(options) } });
  const { options: ofSignIn } = await ask("passkeys.start");
  await ask("token.obtainByPasskey", { input: { passkey: device.get(ofSignIn) } });
  await ask("token.obtainByPasskey", { status: 400, input: { passkey: device.get(ofSignIn) } });

  const strict = await live.test.another({
    secondFactor: "all",
    passkeys: { rpId: "localhost", allowsLocalhost: true },
  });
  const ticketOf = async (username: string) => {
    const refusal: unknown = await strict.signIn({ username, password }, live.test.facts).catch((error) => error);
    return isAuthError(refusal) ? (refusal.secondFactor?.ticket ?? "") : "";
  };
  const ticket = await ticketOf("grace");
  const shown = await ask("passkeys.startSecondFactor", { input: { ticket } });
  await ask("token.obtainBySecondFactor", { input: { ticket, passkey: device.get(shown.options) } });
  await ask("account.register", { input: { username: "heidi", password } });
  const toEnroll = await ticketOf("heidi");
  const made = await ask("passkeys.startEnrolling", { input: { ticket: toEnroll } });
  const input = { ticket: toEnroll, newPasskey: createPasskeyDevice().create(made.options) };
  expect((await ask("token.obtainBySecondFactor", { input })).recoveryCodes.codes).toHaveLength(10);
  const kept = await ask("me.factors.removeOthers", { token, input: { keepPasskeys: [id], keepTotp: true } });
  expect(kept.recoveryCodes.codes).toHaveLength(10);
  await ask("me.passkeys.remove", { token, input: { id } });
  const ivan = await ask("account.register", { input: { username: "ivan", password } });
  const { codes } = await ask("me.recoveryCodes.create", { token: ivan.token });
  const recovery = await ask("recovery.start", { input: { code: codes[0] } });
  const toMake = await ask("recovery.startPasskey", { input: { ticket: recovery.ticket } });
  const passkey = createPasskeyDevice().create(toMake.options);
  await ask("recovery.setPasskey", { input: { ticket: recovery.ticket, passkey } });
});

test("the code of a redirect is answered as the document says", async () => {
  const { token } = await ask("account.register", { input: { username: "judy", password } });
  const codeVerifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
  const codeChallenge = createHash("sha256").update(codeVerifier).digest("base64url");
  const asked = { clientId: "shop", redirectUri: "https://shop.example.com/signed-in" };
  const { auth } = live.test;
  const { code } = await auth.startRedirect(await auth.authenticate([`Bearer ${token}`]), { ...asked, codeChallenge });
  await ask("token.obtainByRedirect", { input: { ...asked, code, codeVerifier } });
  await ask("token.obtainByRedirect", { status: 400, input: { ...asked, code, codeVerifier } });
});

test("numbers and addresses of one's own are answered as the document says", async () => {
  const { token, deviceMark } = await ask("account.register", { input: { username: "dave", password } });
  const prove = async (kind: "phone" | "email", to: string, at = token) => {
    const { challenge } = await ask(`me.${kind}.start`, { token: at, input: { to } });
    const { code } = await inbox.take(to);
    return ask(`me.${kind}.confirm`, { token: at, input: { challenge, code } });
  };
  expect(await prove("phone", "+905321230001")).toMatchObject({ pending: null });
  expect(await prove("email", "dave@example.com")).toMatchObject({ user: { email: "dave@example.com" } });
  await ask("me.phone.remove", { token });
  await ask("me.email.remove", { token });
  const other = await signIn("dave");
  await prove("phone", "+905321230002", other.token);
  const root = await signIn("root");
  const { id: userId } = await ask("me.get", { token });
  await ask("users.listImported", { token: root.token, input: { kind: "reserved" } });
  await ask("users.listImported", { token: root.token, input: { kind: "altered", cursor: "none" }, status: 400 });
  const waiting = await ask("users.listPendingChanges", { token: root.token, input: { id: userId } });
  const changeId = waiting.changes[0].id;
  await ask("users.stopPendingChange", { token: root.token, input: { id: userId, changeId } });
  await ask("users.stopPendingChange", { token: root.token, input: { id: userId, changeId }, status: 404 });
  await prove("phone", "+905321230003", other.token);
  const [{ id }] = await ask("me.pending.list", { token });
  await ask("me.pending.stop", { token, input: { id } });
  await ask("me.pending.stop", { token, input: { id }, status: 404 });
  await ask("me.phone.remove", { token, status: 400 });
  await ask("account.stopChanges", { input: { username: "dave", deviceMark } });
  await prove("email", "dave@example.com", other.token);
  await live.test.database.query(
    "update latchkey.users set email_opens_at = null, email_proved_at = latchkey.now() where username = 'dave'",
  );
  const before = await ask("token.obtain", { input: { username: "dave", password } });
  const { challenge } = await ask("password.startReset", { input: { username: "dave@example.com" } });
  const { code } = await inbox.take("dave@example.com");
  await ask("password.reset", { input: { challenge, code, newPassword: `${password} anew` } });
  const shown = { username: "dave", password, deviceMark: before.deviceMark };
  await ask("account.holdReset", { input: shown });
  await ask("account.holdReset", { input: { ...shown, release: true } });
  await ask("account.holdReset", { input: { ...shown, password: "a guess" }, status: 400 });
});

test("codes are answered as the document says, with a session and with a ticket", async () => {
  const enter = async (to: string) => {
    const { challenge } = await ask("codes.start", { input: { purpose: "enter", to, locale: "tr" } });
    await ask("codes.resend", { input: { challenge } });
    const { code } = await inbox.take(to);
    return ask("token.obtainByCode", { input: { challenge, code, deviceName: "Ada's iPhone" } });
  };
  const { next, ticket } = await enter("+905321239999");
  expect(next).toBe("register");
  const { user } = await ask("account.register", { input: { ticket } });
  const { token, user: same } = await enter("+905321239999");
  expect(same).toMatchObject({ id: user.id, username: null });
  await live.test.clock.advance(31);
  const { challenge } = await ask("codes.start", { token, input: { purpose: "reauthenticate", current: "phone" } });
  const { code } = await inbox.take("+905321239999");
  await ask("me.reauthenticate", { token, input: { challenge, code } });
  const reset = await ask("password.startReset", { input: { username: "+905321239999" } });
  const taken = await inbox.take("+905321239999");
  await ask("password.reset", {
    input: { challenge: reset.challenge, code: taken.code, newPassword: "a battery of horses" },
  });
});

test("an administrator's calls are answered as the document says", async () => {
  const { token } = await signIn("root");
  const { user, setPasswordCode } = await ask("users.create", { token, input: { username: "bob" } });
  const { id } = user;
  await ask("password.reset", {
    input: { username: "bob", code: setPasswordCode, newPassword: "a battery of horses" },
  });
  const group = await ask("groups.create", { token, input: { name: "readers", permissions: ["auth.view_user"] } });
  await ask("groups.list", { token, input: { limit: 1 } });
  await ask("groups.get", { token, input: { id: group.id } });
  await ask("groups.update", { token, input: { id: group.id, name: "writers" } });
  await ask("users.setGroups", { token, input: { id, groupIds: [group.id] } });
  await ask("users.setPermissions", { token, input: { id, permissions: ["auth.add_user"] } });
  await ask("users.get", { token, input: { id } });
  await ask("users.list", { token });
  await ask("users.list", { token, input: { limit: 1 } });
  await ask("users.update", { token, input: { id, changes: { phoneNumber: "+905321112233" } } });
  await ask("users.unlock", { token, input: { id } });
  await ask("users.createPasswordCode", { token, input: { id } });
  await ask("token.obtain", { input: { username: "bob", password: "a battery of horses" } });
  await ask("users.listSessions", { token, input: { id } });
  await ask("users.getWaysIn", { token, input: { id } });
  await ask("users.resetSecondFactor", { token, input: { id } });
  await ask("users.requirePasswordChange", { token, input: { id } });
  const bob = { username: "bob", password: "a battery of horses" };
  const { data } = await ask("token.obtain", { input: bob, status: 401 });
  expect(data.reason).toBe("password_change_required");
  await ask("token.obtainByNewPassword", { input: { ticket: data.ticket, newPassword: "a stable of horses" } });
  await ask("users.endSessions", { token, input: { id } });
  await ask("users.delete", { token, input: { id } });
  await ask("groups.delete", { token, input: { id: group.id } });
  await ask("permissions.declare", { token, input: { app: "shop", permissions: ["shop.order"] } });
  await ask("audit.list", { token, input: { limit: 100 } });
  await ask("audit.export", { token, input: { event: "signed_in" } });
  for (const procedure of [
    "service.overview",
    "service.health",
    "service.keys",
    "service.settings",
    "messages.overview",
    "messages.history",
  ])
    await ask(procedure, { token });
  await ask("service.rotateKeys", { token, input: { compromised: false } });
});

test("refusals are answered as the document says, with their headers", async () => {
  const unknown = "01900000-0000-7000-8000-000000000000";
  const { token } = await signIn("root");
  const refusals = [
    await ask("token.obtain", { status: 400, input: { username: "root", password: "wrong" } }),
    await ask("token.obtain", { status: 400, input: { username: "", another: 1 } }),
    await ask("token.obtain", { status: 400, input: { username: "root", password, deviceName: "a\nb" } }),
    await ask("token.refresh", { status: 401, input: { refreshToken: "made up" } }),
    await ask("me.get", { status: 401 }),
    await ask("me.get", { status: 401, token: "x" }),
    await ask("users.get", { status: 404, token, input: { id: unknown } }),
    await ask("groups.create", { token, input: { name: "taken", permissions: [] } }).then(() =>
      ask("groups.create", { status: 409, token, input: { name: "taken", permissions: [] } }),
    ),
  ];
  expect(refusals.map(({ data }) => data.reason)).toEqual([
    "invalid_credentials",
    "invalid_input",
    "invalid_input",
    "refresh_token_invalid",
    "token_missing",
    "token_invalid",
    "not_found",
    "identifier_taken",
  ]);
  const { token: nobody } = await ask("account.register", {
    input: { username: "mallory", password: "a battery of horses" },
  });
  expect((await ask("users.list", { status: 403, token: nobody })).data.reason).toBe("permission_denied");
});

test("too many wrong passwords are answered as the document says, with the seconds to wait", async () => {
  const guess = (status: number) => ask("token.obtain", { status, input: { username: "nobody", password: "wrong" } });
  const statuses: number[] = [];
  for (let guesses = 0; guesses < 40 && statuses.at(-1) !== 429; guesses += 1) {
    const body = JSON.stringify({ username: "nobody", password: "wrong" });
    const headers = { "content-type": "application/json" };
    statuses.push((await fetch(`${live.url}/trpc/token.obtain`, { method: "POST", headers, body })).status);
  }
  const { data } = await guess(429);
  expect(data.reason).toBe("rate_limited");
  expect(data.retryAfter).toBeGreaterThan(0);
});

test("every procedure was shown", () => {
  expect([...shown].sort()).toEqual(procedures.map(({ name }) => name).sort());
});

test("the service answers the document to pages of every origin, and a copy is renewed by its tag", async () => {
  const response = await fetch(`${live.url}/openapi.json`, { headers: { origin: "https://anywhere.example" } });
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toBe("application/json");
  expect(response.headers.get("access-control-allow-origin")).toBe("*");
  expect(response.headers.get("access-control-allow-credentials")).toBeNull();
  expect(response.headers.get("cache-control")).toBe("public, max-age=300");
  expect(await response.json()).toEqual(document);

  const tag = response.headers.get("etag") ?? "";
  const again = await fetch(`${live.url}/openapi.json`, { headers: { "if-none-match": tag } });
  expect([again.status, await again.text()]).toEqual([304, ""]);
  const wrong = await fetch(`${live.url}/openapi.json`, { method: "POST" });
  expect([wrong.status, wrong.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
});

test.each(["/healthz", "/readyz", "/.well-known/jwks.json"])("%s is answered as the document says", async (path) => {
  const operation = document.paths[path]?.get;
  if (!operation) throw new Error(`${path} is not in the document`);
  const response = await fetch(live.url + path);
  const { schema } = responseOf(operation, response.status);
  expect(compile(document, schema, { isClosed: true })(await response.json())).toEqual([]);
});
