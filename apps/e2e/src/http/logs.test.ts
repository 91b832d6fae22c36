import { afterAll, beforeAll, expect, test } from "vitest";
import { codeIn, readPage, tablesOf } from "../docs/documents.ts";
import { call, isService, nameOf, startLiveServer } from "../live-server.ts";
import { ask, typesWithNotes } from "../permissions/call-as.ts";
import type { WireSession } from "./accounts-over-http.ts";
import { inputs, nest, textsIn } from "./procedure-inputs.ts";
import { sendRaw } from "./raw-socket.ts";

const live = await startLiveServer({ phones: { defaultCountry: "TR" } });
const { url } = live;
afterAll(() => live[Symbol.asyncDispose]());

const isLong = process.env.LATCHKEY_LONG === "1";

/** What must never be in the log. Tokens join them as they are issued. */
const secrets = new Map([
  ["password", "canary-password-Xq7"],
  ["wrong password", "canary-wrong-Lm2"],
  ["phone number", "5321234567"],
  ["phone number as typed", "532 123 45 67"],
  ["e-mail", "canary@example.org"],
  ["first name", "Canaryşe"],
  ["unknown name", "canary-nobody"],
  ["new password", "canary-changed-Rt4"],
  ["registered name", "canary_registered"],
  ["claimed number", "5321239988"],
  ["claimed e-mail", "claimed@example.org"],
  ["created name", "canary_created"],
  ["foreign token", `eyJhbGciOiJub25lIn0.Y2FuYXJ5.${"c".repeat(43)}`],
]);
const secret = (name: string) => secrets.get(name) ?? "";

/** Signs in and remembers what must not be logged of it. */
async function obtain(username: string): Promise<WireSession> {
  const { body } = await call(url, "token.obtain", { input: { username, password: secret("password") } });
  return remember(body);
}

function remember(body: WireSession): WireSession {
  secrets.set(`access token ${secrets.size}`, body.token);
  secrets.set(`its claims ${secrets.size}`, body.token.split(".")[1] ?? "");
  secrets.set(`its signature ${secrets.size}`, body.token.split(".")[2] ?? "");
  secrets.set(`refresh token ${secrets.size}`, body.refreshToken);
  if (body.deviceMark) secrets.set(`device mark ${secrets.size}`, body.deviceMark);
  return body;
}

beforeAll(async () => {
  const { test } = live;
  const phoneNumber = `0${secret("phone number as typed")}`;
  await test.auth.createUser({ username: "alice", phoneNumber, email: secret("e-mail"), password: secret("password") });
  await useEveryProcedure();
  await useRestOfProcedures();
  await misuseEveryProcedure();
  await breakEveryProcedure();
});

async function useEveryProcedure(): Promise<void> {
  await obtain("alice");
  await obtain(secret("e-mail"));
  await obtain(`+90${secret("phone number")}`);
  const { token, refreshToken } = await obtain(`0${secret("phone number as typed")}`);
  await call(url, "me.get", { token });
  await call(url, "me.update", { token, input: { firstName: secret("first name") } });
  await call(url, "token.verify", { input: { token } });
  await call(url, "token.revoke", { input: { refreshToken } });
}

/** Those that give out secrets, or take them: new tokens, new passwords and codes. */
async function useRestOfProcedures(): Promise<void> {
  const registered = await call(url, "account.register", {
    input: {
      username: secret("registered name"),
      password: secret("password"),
      phoneNumber: `+90${secret("claimed number")}`,
      email: secret("claimed e-mail"),
    },
  });
  const { refreshToken } = remember(registered.body);
  const { token } = remember((await call(url, "token.refresh", { input: { refreshToken } })).body);
  const change = { currentPassword: secret("password"), newPassword: secret("new password") };
  remember((await call(url, "me.changePassword", { token, input: change })).body);

  await live.test.auth.createUser({ username: "root", password: secret("password"), isSuperuser: true });
  const { token: rootToken } = await obtain("root");
  const created = await call(url, "users.create", { token: rootToken, input: { username: secret("created name") } });
  const id = created.body.user.id;
  const { body } = await call(url, "users.createPasswordCode", { token: rootToken, input: { id } });
  for (const code of [created.body.setPasswordCode, body.setPasswordCode]) secrets.set(`code ${secrets.size}`, code);
  const reset = { username: secret("created name"), code: body.setPasswordCode, newPassword: secret("new password") };
  expect((await call(url, "password.reset", { input: reset })).status).toBe(200);
  await misuseByFields(rootToken);
}

/** Every field of text of every procedure, one at a time and all at once, with each kind of secret in it: in the ordinary run with one, another each. */
async function misuseByFields(token: string): Promise<void> {
  const all = ["password", "phone number", "e-mail", "foreign token", "new password"].map(secret);
  for (const [index, [procedure, schema]] of inputs.entries()) {
    const canaries = all.filter((_, kind) => isLong || kind === index % all.length);
    const fields = schema ? textsIn(schema) : [["password"]];
    const some = canaries.flatMap((canary) => {
      const each = fields.map((path) => nest(path, canary));
      return [...each, Object.assign({}, ...each)];
    });
    // An address has no room for several inputs.
    if (typesWithNotes[procedure] === "query") for (const input of some) await ask(live, procedure, { token, input });
    else for (let at = 0; at < some.length; at += 10) await askTogether(procedure, some.slice(at, at + 10), token);
  }
}

/** Calls a mutation with several inputs in one request. */
async function askTogether(procedure: string, some: readonly unknown[], token: string): Promise<void> {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const path = some.map(() => nameOf(procedure)).join();
  const init = { method: "POST", headers, body: JSON.stringify({ ...some }) };
  const answer = await fetch(`${url}/trpc/${path}?batch=1`, init);
  expect(await answer.json(), procedure).toHaveLength(some.length);
}

async function misuseEveryProcedure(): Promise<void> {
  const { token, refreshToken } = await obtain("alice");
  const password = secret("password");
  const foreign = secret("foreign token");
  const inputs: Record<string, readonly unknown[]> = {
    "token.obtain": [
      { username: "alice", password: secret("wrong password") },
      { username: secret("unknown name"), password },
      { username: `0${secret("phone number as typed")}`, password: secret("wrong password") },
      { username: "alice", password: `${password}\0` },
      { username: `+90${secret("phone number")}\0`, password },
      { username: "alice", password: [password] },
      { username: "alice", password: { password } },
      { username: "alice", password, token, refreshToken },
      { username: password.repeat(100), password: password.repeat(100) },
    ],
    "token.verify": [{ token: foreign }, { token: `${token}\0` }, { token: [token] }, { refreshToken, password }],
    "token.revoke": [
      { refreshToken: foreign },
      { refreshToken: `${refreshToken}\0` },
      { refreshToken: [refreshToken] },
    ],
    "me.update": [{ password }, { phoneNumber: secret("phone number") }, { firstName: `${secret("first name")}\0` }],
    "no.such": [{ password }],
  };
  for (const [procedure, list] of Object.entries(inputs)) {
    for (const input of list) {
      await call(url, procedure, { token, input });
      await call(url, procedure, { token: foreign, input });
      await call(url, procedure, { token, rawBody: `${JSON.stringify(input)}${password}` });
      await call(url, `${procedure}?input=${encodeURIComponent(JSON.stringify(input))}`, { token });
    }
  }
  await call(url, `me.get?access_token=${token}&password=${password}`);
  await call(url, "me.get", { headers: { authorization: `Basic ${password}` } });
  const unreadable = `POST /trpc/token.obtain HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nX: ${password}\0\r\n\r\n`;
  await sendRaw(url, unreadable);
}

/** Lets PostgreSQL complain about rows that hold a hash and a phone number, and about the values of a statement. */
async function breakEveryProcedure(): Promise<void> {
  const { token } = await obtain("alice");
  const [alice] = await live.test.database.query<{ password: string }>("select password from latchkey.users");
  secrets.set("hash", alice?.password ?? "");
  const failing = [
    () => call(url, "token.obtain", { input: { username: "alice", password: secret("password") } }),
    () => call(url, "me.update", { token, input: { firstName: secret("first name") } }),
  ];
  const faults = [
    [
      "alter table latchkey.users add constraint fault check (false) not valid",
      "alter table latchkey.users drop constraint fault",
    ],
    [
      `create function latchkey.fault() returns trigger language plpgsql as
        $$ begin raise exception 'fault' using detail = new::text, hint = 'none'; end $$;
      create trigger fault before update on latchkey.users for each row execute function latchkey.fault()`,
      "drop trigger fault on latchkey.users",
    ],
    [
      "alter table latchkey.audit_events add constraint fault check (false) not valid",
      "alter table latchkey.audit_events drop constraint fault",
    ],
    ["alter table latchkey.users rename first_name to fault", "alter table latchkey.users rename fault to first_name"],
  ] as const;
  for (const [fault, remedy] of faults) {
    await live.test.database.query(fault);
    for (const fail of failing) expect((await fail()).status).toBe(500);
    await live.test.database.query(remedy);
  }
}

test("every line is JSON with a level, a time and the id of its request", () => {
  expect(live.logged.length).toBeGreaterThan(80);
  for (const line of live.logged) {
    expect(line).toMatch(/^\{[^\n]*\}\n$/);
    expect(JSON.parse(line)).toMatchObject({
      level: expect.stringMatching(/^(info|warn|error)$/),
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      msg: expect.any(String),
    });
  }
});

test("every request is logged once, by its method, path, status and time", () => {
  const answered = live.logged.map((line) => JSON.parse(line)).filter((line) => line.msg === "answered");
  expect(new Set(answered.map((line) => line.requestId)).size).toBe(answered.length);
  for (const line of answered) {
    const { userId = "00000000-0000-7000-8000-000000000000", ...always } = line;
    expect(userId).toMatch(/^[0-9a-f-]{36}$/);
    expect(Object.keys(always)).toEqual([
      "level",
      "time",
      "host",
      "pid",
      "requestId",
      "method",
      "path",
      "status",
      "milliseconds",
      "msg",
    ]);
    expect(line.path).not.toContain("?");
  }
  // A host's log is its own, and so is whom it names there.
  expect(answered.some(({ userId }) => userId !== undefined)).toBe(isService);
});

test.runIf(isService)("docs/privacy.md says what every field of such a line is, and of no other", async () => {
  const tables = tablesOf(await readPage("docs/privacy.md"));
  const rows = tables.find(([first]) => first?.[0]?.startsWith("`level`")) ?? [];
  const answered = live.logged.map((line) => JSON.parse(line)).filter((line) => line.msg === "answered");
  // Only where a caller names its trace.
  const fields = new Set(["traceId", ...answered.flatMap((line) => Object.keys(line))]);
  expect(rows.flatMap(([names = ""]) => codeIn(names)).sort()).toEqual([...fields].sort());
});

test("what failed is in the log with its cause", () => {
  const failures = live.logged.map((line) => JSON.parse(line)).filter((line) => line.level === "error");
  expect(failures).toHaveLength(8);
  for (const { err } of failures) expect(err).toMatchObject({ message: expect.stringMatching(/fault|first_name/) });
});

function expectNoSecrets(): void {
  expect(secrets.size).toBeGreaterThan(20);
  const log = live.logged.join("");
  const found = [...secrets].filter(
    ([, value]) => value === "" || log.includes(value) || log.includes(encodeURI(value)),
  );
  expect(found.map(([name]) => name)).toEqual([]);
}

test("no line holds a password, a token, a hash, a phone number, an address or a name that was typed", expectNoSecrets);

test("no line holds any of it where each kind was typed into each field", { tags: ["long"] }, expectNoSecrets);
