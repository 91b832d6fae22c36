import { createInbox } from "@latchkey/auth/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { isService, type LiveServer, startLiveServer } from "../live-server.ts";
import { showTotp } from "./authenticator-app.ts";
import { createFormClient, type FormClient } from "./form-client.ts";

const password = "correct horse battery";
const inbox = createInbox();
const messages = { senders: { sms: inbox }, isEnforced: false } as const;
let live: LiveServer;
let strict: LiveServer;
beforeAll(async () => {
  [live, strict] = await Promise.all([
    startLiveServer({ messages }),
    startLiveServer({ messages, secondFactor: "all" }),
  ]);
});
afterAll(() => Promise.all([live?.[Symbol.asyncDispose](), strict?.[Symbol.asyncDispose]()]));

let people = 0;
let username: string;
let browser: FormClient;
beforeEach(() => {
  people += 1;
  username = `factor${people}`;
  browser = createFormClient(live.url);
});

let forms = 0;
const send = (path: string, fields: Record<string, string> = {}, client = browser) =>
  client.post(`/cookie${path}`, { form: String(++forms), ...fields });
const placeOf = (response: Response) => response.headers.get("location") ?? "";

/** What the app shows after the next step of time: each is good once. */
async function nextTotp(secret: string, { test }: LiveServer = live): Promise<string> {
  await test.clock.advance(30);
  return showTotp(secret, test.clock.now());
}

const readKey = (page: string) => (/id="secret"[^>]*>([^<]+)</.exec(page)?.[1] ?? "").replaceAll(" ", "");

const codesIn = (page: string) => page.match(/([0-9A-Z]{5}-){5}[0-9A-Z]{5}/g) ?? [];

/** Sets the app up that the page asks for on the way in: what is shown is ten codes, and where to go on. */
async function confirmFirst(asked: string, secret: string): Promise<void> {
  const page = await (await send(asked, { totp: await nextTotp(secret, strict) })).text();
  expect(codesIn(page)).toHaveLength(10);
  expect(page).toContain('<a class="button wide" href="/account">');
}

/** Sets an app up on the pages, and answers its secret. */
async function setUp(): Promise<string> {
  await live.test.auth.createUser({ username, password });
  await send("/sign-in", { username, password });
  const page = await (await send("/account/app")).text();
  const ticket = /name="ticket" value="([^"]+)"/.exec(page)?.[1] ?? "";
  const secret = readKey(page);
  const wrong = await (await send("/account/app", { ticket, totp: "000000" })).text();
  expect(wrong).toContain("Those digits are not right");
  expect(wrong).not.toContain(secret);
  const done = await send("/account/app", { ticket, totp: await nextTotp(secret) });
  // Who has no way back gets one at once.
  expect(codesIn(await done.text())).toHaveLength(10);
  await send("/sign-out");
  return secret;
}

describe.skipIf(!isService)("a second factor on the pages", () => {
  test("is asked for after the password, told at its field when it is wrong, and opens one session", async () => {
    const secret = await setUp();
    const asked = placeOf(await send("/sign-in?return_to=/orders/7", { username, password }));
    expect(asked).toMatch(/^\/sign-in\/second-factor\?return_to=%2Forders%2F7&step=/);
    expect((await browser.get("/account")).status).toBe(303);
    const wrong = await send(asked, { totp: "000000" });
    expect(wrong.status).toBe(400);
    expect(await wrong.text()).toContain('id="totp-fault"');
    expect(placeOf(await send(asked, { totp: await nextTotp(secret) }))).toBe("/orders/7");
    expect((await browser.get("/account")).status).toBe(200);
  });

  test("is asked for no more in a browser that was ticked, in no other one, and again once its owner says so", async () => {
    const secret = await setUp();
    const asked = placeOf(await send("/sign-in", { username, password }));
    const form = await (await browser.get(asked)).text();
    expect(form).toContain("for 30 days");
    expect(form).toMatch(/<input type="checkbox" id="remember" name="remember" value="yes">/);
    const wrong = await (await send(asked, { totp: "000000", remember: "yes" })).text();
    expect(wrong).toContain('name="remember" value="yes" checked');
    expect(placeOf(await send(asked, { totp: await nextTotp(secret), remember: "yes" }))).toBe("/account");
    await send("/sign-out");
    expect(placeOf(await send("/sign-in", { username, password }))).toBe("/account");
    const thief = createFormClient(live.url);
    expect(placeOf(await send("/sign-in", { username, password }, thief))).toContain("/sign-in/second-factor");

    // It signs in, and changes nothing.
    const change = { currentPassword: password, newPassword: "a better horse battery" };
    expect(placeOf(await send("/account/password", change))).toContain("/reauthenticate");
    const devices = await (await browser.get("/account/devices")).text();
    const id = /name="remembered" value="([^"]+)"/.exec(devices)?.[1] ?? "";
    expect(devices).toContain("Remembered devices");
    await send("/account/devices", { remembered: id });
    expect(placeOf(await send("/sign-in", { username, password }))).toContain("/sign-in/second-factor");
  });

  test("is not asked for by an address that was sent to somebody else, and not twice", async () => {
    const secret = await setUp();
    const asked = placeOf(await send("/sign-in", { username, password }));
    const thief = createFormClient(live.url);
    expect(placeOf(await thief.get(asked))).toBe("/sign-in?done=over");
    const totp = await nextTotp(secret);
    expect(placeOf(await send(asked, { totp }, thief))).toBe("/sign-in?done=over");
    expect(placeOf(await send(asked, { totp }))).toBe("/account");
    expect(placeOf(await send(asked, { totp: await nextTotp(secret) }))).toBe("/sign-in?done=over");
  });

  test("is over after its tries, and one begins again", async () => {
    await setUp();
    const asked = placeOf(await send("/sign-in", { username, password }));
    const places: string[] = [];
    for (let guess = 0; guess < 6; guess += 1) places.push(placeOf(await send(asked, { totp: "000000" })));
    expect(places.at(-1)).toBe("/sign-in?done=over");
  });

  test("is asked for besides the password by who shows that it is them, and to replace or remove the app", async () => {
    const secret = await setUp();
    const asked = placeOf(await send("/sign-in", { username, password }));
    await send(asked, { totp: await nextTotp(secret) });
    await live.test.clock.advance(660);
    const renewed = await send("/account/app", { remove: "yes" });
    expect(placeOf(renewed)).toBe("/reauthenticate?return_to=%2Faccount%2Fapp%3Fdone%3Dconfirmed");
    expect(await (await browser.get(placeOf(renewed))).text()).toContain('name="totp"');
    const query = new URL(placeOf(renewed), live.url).search;
    expect((await send(`/reauthenticate${query}`, { password, totp: "000000" })).status).toBe(400);
    const shown = await send(`/reauthenticate${query}`, { password, totp: await nextTotp(secret) });
    expect(placeOf(shown)).toBe("/account/app?done=confirmed");
    expect(placeOf(await send("/account/app", { remove: "yes" }))).toBe("/account/app?done=removed");
    await send("/sign-out");
    expect(placeOf(await send("/sign-in", { username, password }))).toBe("/account");
  });

  test("is set up on the way in where everybody has to have one, with the same key however often the page is loaded", async () => {
    browser = createFormClient(strict.url);
    await strict.test.auth.createUser({ username, password });
    const asked = placeOf(await send("/sign-in", { username, password }));
    const page = await (await browser.get(asked)).text();
    const secret = readKey(page);
    expect(secret).toMatch(/^[A-Z2-7]{32}$/);
    expect(page).toMatch(/<svg class="qr" role="img" aria-label="Key"/);
    expect(page).toContain(`secret=${secret}`);
    expect(readKey(await (await browser.get(asked)).text())).toBe(secret);
    await confirmFirst(asked, secret);
    expect(await (await browser.get("/account/app")).text()).not.toContain('name="remove"');
  });

  test("is asked for after a code and after registering, and before a forgotten password is replaced", async () => {
    browser = createFormClient(strict.url);
    const number = `+90532200${String(people).padStart(4, "0")}`;
    const code = placeOf(await send("/register", { to: number }));
    const proved = placeOf(await send(code, { code: (await inbox.take(number)).code }));
    const asked = placeOf(await send(proved, { username, password }));
    expect(asked).toMatch(/^\/sign-in\/second-factor/);
    const secret = readKey(await (await browser.get(asked)).text());
    await confirmFirst(asked, secret);
    await send("/sign-out");
    const reset = placeOf(await send("/reset", { username }));
    const fields = { code: (await inbox.take(number)).code, newPassword: "a battery of horses" };
    const last = placeOf(await send(reset, fields));
    expect(last).toMatch(/^\/sign-in\/second-factor/);
    expect(placeOf(await send(last, { totp: await nextTotp(secret, strict) }))).toBe("/account");
    await send("/sign-out");
    expect((await send("/sign-in", { username, password })).status).toBe(400);
  });
});

test.each([true, false])(
  "the page of a recovery code offers to take a lost factor away as the setting says: %s",
  async (recoveryRemovesFactors) => {
    await using server = await startLiveServer({ messages, recoveryRemovesFactors });
    const { auth, facts } = server.test;
    await auth.createUser({ username, password });
    const { token } = await auth.signIn({ username, password }, facts);
    const caller = await auth.authenticate([`Bearer ${token}`]);
    const { codes } = await auth.createRecoveryCodes(caller, facts);
    const { ticket, secret } = await auth.startTotp(caller, facts);
    await auth.confirmTotp(caller, { ticket, totp: await nextTotp(secret, server) }, facts);

    const lost = createFormClient(server.url);
    const asked = placeOf(await send("/recover", { code: codes[0] ?? "" }, lost));
    const page = await (await lost.get(asked)).text();
    expect(page).toContain('name="newPassword"');
    expect(page.includes('name="removeSecondFactors"')).toBe(recoveryRemovesFactors);
  },
);
