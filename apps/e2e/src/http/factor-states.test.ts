import { createInbox, showTotp } from "@latchkey/auth/testing";
import { parsePublicUrl } from "@latchkey/server/internal";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ownRefusals } from "../../../openapi/src/refusals.ts";
import { isService, type LiveServer, nameOf, startLiveServer } from "../live-server.ts";
import { createPerson, password } from "../permissions/accounts-in-core.ts";
import { procedureMetas } from "../permissions/call-as.ts";

// Every procedure, by every state of the factors of whoever calls it, as a bearer and in cookie mode. What the ways in open, and when, is in
// packages/auth/src/flows/sign-in/ways-and-factors.test.ts: here it is what each state reaches.

const origin = "https://auth.example.com";
const proxies = ["127.0.0.1"];
const inbox = createInbox();
const nobodys = "00000000-0000-7000-8000-000000000000";
let live: LiveServer;

/** What somebody calls with. */
interface Held {
  readonly token: string;
  readonly refreshToken: string;
}

type StateName =
  | "a ticket that waits for the second factor"
  | "a ticket that waits for a new password"
  | "a token of another API"
  | "a session of before the second factor"
  | "a session of a remembered device"
  | "a session of two factors";
const states = new Map<StateName, Held>();
const stateOf = (name: StateName): Held => states.get(name) ?? { token: "", refreshToken: "" };

beforeAll(async () => {
  live = await startLiveServer(
    {
      messages: { senders: { sms: inbox, email: inbox }, isEnforced: false },
      passkeys: { rpId: "localhost", allowsLocalhost: true },
      tokens: { audience: ["latchkey", "shop"] },
      // A remembered device of somebody who may do everything, so that everything is there to be reached.
      rememberedDevices: { of: "all" },
      callBudgets: { own: 0, administration: 0 },
    },
    { publicUrl: parsePublicUrl(origin) ?? undefined, trustedProxies: proxies },
  );
  const { auth, clock, database, facts } = live.test;
  const { id, username, ...first } = await createPerson(live.test, {
    ...{ isSuperuser: true, phoneNumber: "+905321234567", email: "boss@example.com" },
  });
  const caller = await auth.authenticate([`Bearer ${first.token}`]);
  const { token: ofShop } = await auth.exchangeToken(caller, { audience: "shop" });
  states.set("a token of another API", { token: ofShop, refreshToken: ofShop });
  const { ticket, secret } = await auth.startTotp(caller, facts);
  await clock.advance(30);
  await auth.confirmTotp(caller, { ticket, totp: await showTotp(live.test, secret) }, facts);

  const signIn = (more: object = {}) => auth.signIn({ username, password, ...more }, facts);
  const ticketOf = async () => {
    const refused: { secondFactor?: { ticket?: string }; passwordChange?: { ticket?: string } } = await signIn().then(
      () => ({}),
      (error) => error,
    );
    return refused.secondFactor?.ticket ?? refused.passwordChange?.ticket ?? "";
  };
  await clock.advance(30);
  const shown = { ticket: await ticketOf(), totp: await showTotp(live.test, secret) };
  const { rememberMark, ...whole } = await auth.signInBySecondFactor({ ...shown, remember: true }, facts);
  states.set("a session of two factors", whole);
  states.set("a session of a remembered device", await signIn({ rememberMark }));
  const waiting = await ticketOf();
  states.set("a ticket that waits for the second factor", { token: waiting, refreshToken: waiting });
  const ofFactor = (at: string) =>
    database.query(`update latchkey.users set second_factor_at = ${at} where id = $1`, [id]);
  await ofFactor("null");
  states.set("a session of before the second factor", await signIn());
  await ofFactor("latchkey.now()");

  const other = await createPerson(live.test);
  await auth.operator.requirePasswordChange(other.username);
  const refused: { passwordChange?: { ticket?: string } } = await auth
    .signIn({ username: other.username, password }, facts)
    .then(
      () => ({}),
      (error) => error,
    );
  const toReplace = refused.passwordChange?.ticket ?? "";
  states.set("a ticket that waits for a new password", { token: toReplace, refreshToken: toReplace });
  for (const [name, { token }] of states) expect(token, name).not.toBe("");
});
afterAll(() => live?.[Symbol.asyncDispose]());

let networks = 0;
const headersOf = ({ token }: Held) => ({
  ...{ authorization: `Bearer ${token}`, "content-type": "application/json", origin },
  // From everywhere, so that no limit of one network answers in the place of what is asked.
  "x-forwarded-for": `2001:db8:${(++networks).toString(16)}::1`,
});

/** What is looked at of an answer. */
interface Answer {
  readonly error?: { readonly data: { readonly reason?: string | null } };
}

const outcomeOf = ({ error }: Answer): string => (error ? String(error.data.reason) : "ok");

/** By the bearer token, twenty in a request. */
async function askAll(held: Held, names: readonly string[], inputs: Inputs = {}): Promise<Map<string, string>> {
  const outcomes = new Map<string, string>();
  for (const type of ["query", "mutation"]) {
    const ofType = names.filter((name) => procedureMetas[name]?.type === type);
    for (let at = 0; at < ofType.length; at += 20) {
      const some = ofType.slice(at, at + 20);
      const body = Object.fromEntries(some.map((name, index) => [index, inputs[name] ?? {}]));
      const answer = await fetch(`${live.url}/trpc/${some.map(nameOf).join(",")}?batch=1`, {
        ...{ method: "POST", headers: headersOf(held), body: JSON.stringify(body) },
      });
      const answers: readonly Answer[] = JSON.parse(await answer.text());
      for (const [index, name] of some.entries()) outcomes.set(name, outcomeOf(answers[index] as Answer));
    }
  }
  return outcomes;
}

/** The same in cookie mode, where the refresh token is in the cookie, one in a request. */
async function askAllInCookieMode(held: Held, names: readonly string[], inputs: Inputs = {}) {
  const outcomes = new Map<string, string>();
  for (const name of names) {
    const answer = await fetch(`${live.url}/cookie/trpc/${nameOf(name)}`, {
      method: "POST",
      headers: { ...headersOf(held), cookie: `__Host-latchkey_refresh=${held.refreshToken}` },
      body: JSON.stringify(inputs[name] ?? {}),
    });
    outcomes.set(name, outcomeOf((await answer.json()) as Answer));
  }
  return outcomes;
}

type Inputs = Readonly<Record<string, unknown>>;

const all = Object.keys(procedureMetas);
const isPublic = (name: string) => procedureMetas[name]?.meta.access === "public";
const inCookieMode = all.filter((name) => procedureMetas[name]?.meta.cookieMode !== undefined);

const without: readonly (readonly [StateName, reason: string, ofRefresh: string])[] = [
  ["a ticket that waits for the second factor", "token_invalid", "refresh_token_invalid"],
  ["a ticket that waits for a new password", "token_invalid", "refresh_token_invalid"],
  ["a token of another API", "token_invalid", "refresh_token_invalid"],
  ["a session of before the second factor", "session_ended", "session_ended"],
];

describe.skipIf(!isService).each(without)("%s", (state, reason, ofRefresh) => {
  test("reaches none of the procedures that ask who calls", async () => {
    const names = all.filter((name) => !isPublic(name));
    const outcomes = await askAll(stateOf(state), names);
    expect([...outcomes].filter(([, outcome]) => outcome !== reason)).toEqual([]);
    expect(outcomes.size).toBeGreaterThan(60);
  });

  test("reaches none of them in cookie mode either, and gets no session of it", async () => {
    const held = stateOf(state);
    const outcomes = await askAllInCookieMode(
      held,
      inCookieMode.filter((name) => !isPublic(name)),
    );
    expect([...outcomes].filter(([, outcome]) => outcome !== reason)).toEqual([]);
    expect(await askAllInCookieMode(held, ["token.refresh"])).toEqual(new Map([["token.refresh", ofRefresh]]));
  });
});

test.runIf(isService)("what is not made for cookie mode is not there in it, whoever calls", async () => {
  const others = all.filter((name) => !inCookieMode.includes(name));
  const outcomes = await askAllInCookieMode(stateOf("a session of two factors"), others);
  // In cookie mode there is no way to call a query.
  const reasonOf = (name: string) => (procedureMetas[name]?.type === "query" ? "invalid_input" : "not_found");
  expect([...outcomes].filter(([name, outcome]) => outcome !== reasonOf(name))).toEqual([]);
});

describe.skipIf(!isService)("a session of a remembered device, which has shown one factor of two", () => {
  /** Whatever may ask for more than a session, by its refusals, with an input that comes as far as that. */
  const inputs: Inputs = {
    "me.changePassword": { currentPassword: password, newPassword: `${password} staple` },
    "me.phone.start": { to: "+905327654321" },
    "me.phone.remove": {},
    "me.email.start": { to: "other@example.com" },
    "me.email.remove": {},
    "me.totp.start": {},
    "me.totp.confirm": { ticket: "x".repeat(22), totp: "123456" },
    "me.totp.remove": {},
    "me.passkeys.start": {},
    "me.passkeys.remove": { id: nobodys },
    "me.factors.removeOthers": { keepPasskeys: [], keepTotp: false },
    "me.recoveryCodes.create": {},
    "me.export": {},
    "me.delete": {},
    "users.create": { username: "somebody", isStaff: true },
    "users.update": { id: nobodys, changes: { username: "somebody" } },
    "users.delete": { id: nobodys },
    "users.setGroups": { id: nobodys, groupIds: [] },
    "users.setPermissions": { id: nobodys, permissions: [] },
    "users.unlock": { id: nobodys },
    "users.createPasswordCode": { id: nobodys },
    "users.endSessions": { id: nobodys },
    "users.requirePasswordChange": { id: nobodys },
    "users.resetSecondFactor": { id: nobodys },
    "groups.update": { id: nobodys, permissions: [] },
    "groups.delete": { id: nobodys },
    "audit.export": {},
    "service.rotateKeys": {},
  };
  /** These need what only a start answers, which is refused. */
  const afterStart = ["me.phone.confirm", "me.email.confirm", "me.passkeys.add"];
  const asking = all.filter((name) => ownRefusals[name]?.includes("reauthentication_required"));
  const names = asking.filter((name) => !afterStart.includes(name));

  test("is asked who is there by everything that wants to know it, by its bearer token and in cookie mode", async () => {
    expect(names.filter((name) => inputs[name] === undefined)).toEqual([]);
    const held = stateOf("a session of a remembered device");
    const wanted = (some: readonly string[]) => new Map(some.map((name) => [name, "reauthentication_required"]));
    const sorted = (outcomes: Map<string, string>) => new Map([...outcomes].sort());
    expect(sorted(await askAll(held, names, inputs))).toEqual(sorted(wanted(names)));
    const cookieNames = names.filter((name) => inCookieMode.includes(name));
    expect(await askAllInCookieMode(held, cookieNames, inputs)).toEqual(wanted(cookieNames));
    expect(await askAll(held, ["me.get", "users.list"])).toEqual(
      new Map([
        ["me.get", "ok"],
        ["users.list", "ok"],
      ]),
    );
  });
});

test.runIf(isService)("a session of two factors is let by the same procedures", async () => {
  const held = stateOf("a session of two factors");
  const outcomes = await askAll(held, ["me.get", "me.export", "audit.export", "me.passkeys.start"]);
  expect(new Set(outcomes.values())).toEqual(new Set(["ok"]));
});
