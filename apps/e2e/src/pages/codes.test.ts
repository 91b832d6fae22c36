import { createInbox, createPasskeyDevice } from "@latchkey/auth/testing";
import { parsePublicUrl } from "@latchkey/server/internal";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { isService, type LiveServer, startLiveServer } from "../live-server.ts";
import { createFormClient, type FormClient } from "./form-client.ts";

const password = "correct horse battery";
const inbox = createInbox();
const messages = { senders: { sms: inbox }, isEnforced: false } as const;
let live: LiveServer;
beforeAll(async () => {
  live = await startLiveServer({ messages, passkeys: { rpId: "localhost", allowsLocalhost: true } });
});
afterAll(() => live?.[Symbol.asyncDispose]());

let people = 0;
let phoneNumber: string;
let browser: FormClient;
beforeEach(() => {
  people += 1;
  phoneNumber = `+90532100${String(people).padStart(4, "0")}`;
  browser = createFormClient(live.url);
});

let forms = 0;
const send = (path: string, fields: Record<string, string>, client = browser) =>
  client.post(`/cookie${path}`, { form: String(++forms), ...fields });
const placeOf = (response: Response) => response.headers.get("location") ?? "";

/** Asks for a code by a form, and answers the page that awaits it and the code. */
async function ask(path: string, fields: Record<string, string>) {
  const response = await send(path, fields);
  expect(response.status, await response.clone().text()).toBe(303);
  const { code } = await inbox.take(phoneNumber);
  return { page: placeOf(response), code };
}

const createOwner = async ({ days = 1, username = `owner${people}` } = {}) => {
  const { id } = await live.test.auth.createUser({ username, phoneNumber, password });
  await live.test.database.query(
    "update latchkey.users set phone_vouched_at = null, phone_proved_at = latchkey.now() - make_interval(days => $2) where id = $1",
    [id, days],
  );
  return { id, username };
};

const countAccounts = async () => {
  const rows = await live.test.database.query<{ count: string }>(
    "select count(*) from latchkey.users where phone_number = $1",
    [phoneNumber],
  );
  return Number(rows[0]?.count);
};
const countSessions = async () => {
  const rows = await live.test.database.query<{ count: string }>(
    "select count(*) from latchkey.sessions s join latchkey.users u on u.id = s.user_id where u.phone_number = $1",
    [phoneNumber],
  );
  return Number(rows[0]?.count);
};
const wrong = (code: string) => (code === "000000" ? "111111" : "000000");

describe.skipIf(!isService)("signing in by code on the pages", () => {
  test("a stranger registers by their number, and signs in by it the next time", async () => {
    const { page, code } = await ask("/register", { to: phoneNumber });
    const proved = await send(page, { code });
    expect(placeOf(proved)).toMatch(/^\/register\/finish\?step=/);
    const finish = await (await browser.get(placeOf(proved))).text();
    expect(finish).toContain(phoneNumber);
    const opened = await send(placeOf(proved), {});
    expect(placeOf(opened)).toBe("/account");
    expect(await (await browser.get("/account")).text()).toContain(phoneNumber);
    await send("/sign-out", {});
    const again = await ask("/sign-in", { username: phoneNumber });
    expect(placeOf(await send(again.page, { code: again.code }))).toBe("/account");
    expect(await countAccounts()).toBe(1);
  });

  test("a username leads to the password, and so does the other button for a number", async () => {
    const { username } = await createOwner();
    for (const fields of [{ username }, { username: phoneNumber, withPassword: "yes" }]) {
      const place = placeOf(await send("/sign-in", fields));
      expect(place).toMatch(/^\/sign-in\/password\?step=/);
      expect(await (await browser.get(place)).text()).toContain(`value="${fields.username}"`);
      expect(placeOf(await send(place, { username: fields.username, password }))).toBe("/account");
    }
    expect(inbox.messages.filter(({ to }) => to === phoneNumber)).toEqual([]);
  });

  test("a username is sent a code to its number, and the page does not say which", async () => {
    const { username } = await createOwner();
    const { page, code } = await ask("/sign-in/password", { username, sendCode: "yes" });
    const text = await (await browser.get(page)).text();
    expect(text).not.toContain(phoneNumber.slice(-4));
    expect(placeOf(await send(page, { code }))).toBe("/account");
  });

  test("what is asked for a name of nobody's is answered like that of somebody", async () => {
    const { username } = await createOwner();
    const pages = [username, `${username}nobody`].map(async (name) => {
      const client = createFormClient(live.url);
      const sent = await send("/sign-in/password", { username: name, sendCode: "yes" }, client);
      const text = await (await client.get(placeOf(sent))).text();
      return text.replaceAll(name, "NAME").replaceAll(/(step=|name="form" value=")[\w-]+/g, "");
    });
    const [known, unknown] = await Promise.all(pages);
    expect(unknown).toBe(known);
  });

  test("where somebody wanted to go is kept through every page", async () => {
    const query = `?${new URLSearchParams({ return_to: "/orders/7" })}`;
    const { page, code } = await ask(`/register${query}`, { to: phoneNumber });
    const proved = placeOf(await send(page, { code }));
    expect(placeOf(await send(proved, {}))).toBe("/orders/7");
  });

  test("an account that has a passkey and no password proves its old number by that, which the page asks for", async () => {
    const { id, username } = await createOwner();
    const { auth, database, facts } = live.test;
    const caller = await auth.authenticate([`Bearer ${(await auth.signIn({ username, password }, facts)).token}`]);
    const device = createPasskeyDevice();
    await auth.addPasskey(caller, { passkey: device.create((await auth.startPasskey(caller)).options) }, facts);
    const age = `update latchkey.users set password = '!', phone_proved_at = latchkey.now() - interval '50 days' where id = $1`;
    await database.query(age, [id]);
    // Browsers make passkeys for names of hosts.
    browser = createFormClient(live.url.replace("127.0.0.1", "localhost"));
    const { page, code } = await ask("/sign-in", { username: phoneNumber });
    const place = placeOf(await send(page, { code }));
    expect(place).toMatch(/^\/sign-in\/another-way\?step=/);
    const shown = await (await browser.get(place)).text();
    expect(shown).toContain('href="/recover"');
    const [, options = ""] = /data-passkey="([^"]+)"/.exec(shown) ?? [];
    const passkey = device.get(JSON.parse(options.replaceAll("&quot;", '"')));
    expect((await send(place, { passkey: "no passkey" })).status).toBe(400);
    expect(placeOf(await send(place, { passkey: JSON.stringify(passkey) }))).toBe("/account");
    const [row] = await database.query(
      "select phone_proved_at > latchkey.now() - interval '1 day' as fresh from latchkey.users where id = $1",
      [id],
    );
    expect(row).toEqual({ fresh: true });
  });

  test("a page that was left, or sent to somebody else, leads to where one begins, and its link is worth nothing", async () => {
    const { page, code } = await ask("/register", { to: phoneNumber });
    const thief = createFormClient(live.url);
    expect(placeOf(await thief.get(page))).toBe("/sign-in?done=over");
    expect(placeOf(await send(page, { code }, thief))).toBe("/sign-in?done=over");
    expect(await (await thief.get("/sign-in?done=over")).text()).toContain("Begin again here");
    expect(await countAccounts()).toBe(0);
    const proved = placeOf(await send(page, { code }));
    expect(placeOf(await thief.get(proved))).toBe("/register?done=over");
    expect(placeOf(await send(proved, { username: `thief${people}` }, thief))).toBe("/register?done=over");
    expect(await countAccounts()).toBe(0);
  });

  test("no address holds a number, a handle, a ticket or a code, and no page a handle or a ticket", async () => {
    const asked = await send("/register", { to: phoneNumber });
    const { code } = await inbox.take(phoneNumber);
    const proved = await send(placeOf(asked), { code });
    const rows = [...browser.cookies].filter(([name]) => name.includes("step")).map(([, value]) => value);
    const [secret] = rows.map((value) => JSON.parse(Buffer.from(value, "base64url").toString()).ticket);
    const places = [placeOf(asked), placeOf(proved)].join();
    for (const part of [phoneNumber.slice(1), code, secret]) expect(places).not.toContain(part);
    expect(secret).toMatch(/^[\w-]{22}$/);
    expect(await (await browser.get(placeOf(proved))).text()).not.toContain(secret);
    const lines = [...asked.headers.getSetCookie(), ...proved.headers.getSetCookie()];
    for (const line of lines.filter((one) => one.includes("step"))) expect(line).toMatch(/HttpOnly; SameSite=Lax/);
  });

  test("two tabs hold two ways, and each code is good in its own", async () => {
    const mine = phoneNumber;
    const first = await ask("/register", { to: mine });
    phoneNumber = `${mine.slice(0, -4)}9${mine.slice(-3)}`;
    const second = await ask("/register", { to: phoneNumber });
    expect(await (await browser.get(first.page)).text()).toContain(mine);
    expect(await (await browser.get(second.page)).text()).toContain(phoneNumber);
    expect(placeOf(await send(first.page, { code: first.code }))).toContain("/register/finish");
    expect(placeOf(await send(second.page, { code: second.code }))).toContain("/register/finish");
  });

  test("a fourth way makes the browser forget the oldest one only", async () => {
    const pages: string[] = [];
    for (let way = 0; way < 4; way += 1) {
      pages.push(placeOf(await send("/sign-in", { username: `person${way}`, withPassword: "yes" })));
    }
    const shown = await Promise.all(pages.map(async (page) => (await browser.get(page)).status));
    expect(shown).toEqual([303, 200, 200, 200]);
  });

  test("a double click asks for one message, signs in once, and opens one account", async () => {
    const twice = (path: string, fields: Record<string, string>) => {
      forms += 1;
      const both = { form: String(forms), ...fields };
      return Promise.all([browser.post(`/cookie${path}`, both), browser.post(`/cookie${path}`, both)]);
    };
    const asked = await twice("/register", { to: phoneNumber });
    const { code } = await inbox.take(phoneNumber);
    expect(placeOf(asked[0])).toBe(placeOf(asked[1]));
    const proved = await twice(placeOf(asked[0]), { code });
    expect(placeOf(proved[0])).toBe(placeOf(proved[1]));
    const opened = await twice(placeOf(proved[0]), {});
    expect(opened.map(placeOf)).toEqual(["/account", "/account"]);
    expect(inbox.messages.filter(({ to }) => to === phoneNumber)).toHaveLength(1);
    expect([await countAccounts(), await countSessions()]).toEqual([1, 1]);
  });

  test("whoever goes back after it was done is led to the beginning, and nothing is done twice", async () => {
    const { page, code } = await ask("/register", { to: phoneNumber });
    const proved = placeOf(await send(page, { code }));
    await send(proved, {});
    expect(placeOf(await browser.get(page))).toBe("/sign-in?done=over");
    expect(placeOf(await send(page, { code }))).toBe("/sign-in?done=over");
    expect(placeOf(await send(proved, { username: `again${people}` }))).toBe("/register?done=over");
    expect(await countAccounts()).toBe(1);
  });

  test("a wrong code is told at its field, and after five a new one can be asked for, which is another", async () => {
    const { page, code } = await ask("/register", { to: phoneNumber });
    const first = await send(page, { code: wrong(code) });
    expect(first.status).toBe(400);
    expect(await first.text()).toMatch(/aria-invalid="true" aria-describedby="code-hint code-fault"/);
    for (let guess = 2; guess < 5; guess += 1) await send(page, { code: wrong(code) });
    const last = await (await send(page, { code: wrong(code) })).text();
    expect(last).toContain("That was tried too often. Ask for a new code below.");
    expect((await send(page, { code })).status).toBe(400);
    const renewed = placeOf(await send(page, { resend: "yes" }));
    expect(renewed).toContain("done=new");
    const next = await inbox.take(phoneNumber);
    expect(placeOf(await send(renewed, { code: next.code }))).toContain("/register/finish");
  });

  test("asked again too early, the page says that nothing was sent and when it will be; later, it is the same code", async () => {
    const { page, code } = await ask("/register", { to: phoneNumber });
    const early = placeOf(await send(page, { resend: "yes" }));
    expect(early).toContain("done=early");
    expect(await (await browser.get(early)).text()).toMatch(
      /Nothing was sent: it is too early\. Ask again in \d+ (second|minute)s/,
    );
    await live.test.clock.advance(31);
    const later = placeOf(await send(page, { resend: "yes" }));
    expect(later).toContain("done=again");
    expect((await inbox.take(phoneNumber)).code).toBe(code);
    expect(inbox.messages.filter(({ to }) => to === phoneNumber)).toHaveLength(2);
  });

  test("a code that is too old is told so, and the page sends a new one", async () => {
    const { page, code } = await ask("/register", { to: phoneNumber });
    await live.test.clock.advance(601);
    const late = await (await send(page, { code })).text();
    expect(late).toContain("That code is too old. Ask for a new one.");
    const renewed = placeOf(await send(page, { resend: "yes" }));
    expect(renewed).toContain("done=new");
    const next = await inbox.take(phoneNumber);
    expect(placeOf(await send(renewed, { code: next.code }))).toContain("/register/finish");
  });

  test("a number that another account has not used for long asks for its password, or is somebody else's", async () => {
    const { username } = await createOwner({ days: 41 });
    const { page, code } = await ask("/sign-in", { username: phoneNumber });
    const other = placeOf(await send(page, { code }));
    expect(other).toMatch(/^\/sign-in\/another-way\?step=/);
    expect(await (await browser.get(other)).text()).toContain("asks for its password as well");
    expect(placeOf(await browser.get(other.replace("/sign-in/another-way", "/register/finish")))).toContain(
      "done=over",
    );
    expect((await send(other, { password: "not this one" })).status).toBe(400);
    const notMine = placeOf(await send(other, { notMine: "yes" }));
    expect(await (await browser.get(notMine)).text()).toContain("You see nothing of the account that had it before");
    await send(notMine, { username: `heir${people}` });
    const page2 = await (await browser.get("/account")).text();
    expect(page2).toContain(`heir${people}`);
    expect(page2).not.toContain(username);
  });

  test("its owner is signed in by the password, and the number is verified by both", async () => {
    const { id } = await createOwner({ days: 41 });
    const { page, code } = await ask("/sign-in", { username: phoneNumber });
    const other = placeOf(await send(page, { code }));
    expect(placeOf(await send(other, { password }))).toBe("/account");
    const [row] = await live.test.database.query(
      "select phone_proved_at > latchkey.now() - interval '1 minute' as fresh from latchkey.users where id = $1",
      [id],
    );
    expect(row).toEqual({ fresh: true });
  });

  test("a number that is trusted on another account does not move, and the page says what helps", async () => {
    const { id } = await createOwner();
    await live.test.database.query("update latchkey.users set is_staff = true where id = $1", [id]);
    const { page, code } = await ask("/sign-in", { username: phoneNumber });
    const other = placeOf(await send(page, { code }));
    const refused = await send(placeOf(await send(other, { notMine: "yes" })), {});
    expect(refused.status).toBe(409);
    expect(await refused.text()).toContain("It still belongs to the other account");
  });

  test("a forgotten password is replaced with a code, the other sessions end, and a poor password costs no code", async () => {
    const { username } = await createOwner();
    const { page, code } = await ask("/reset", { username });
    const poor = await send(page, { code, newPassword: "password" });
    expect(poor.status).toBe(400);
    expect(await poor.text()).toContain('id="newPassword-fault"');
    expect(placeOf(await send(page, { code, newPassword: "a battery of horses" }))).toBe("/sign-in?done=reset");
    expect(placeOf(await send("/sign-in", { username, password: "a battery of horses" }))).toBe("/account");
    expect((await send(page, { code, newPassword: "another one of mine" })).status).toBe(303);
    expect((await send("/sign-in", { username, password: "another one of mine" })).status).toBe(400);
  });

  test("a person who has no password yet chooses one with a code", async () => {
    const { page, code } = await ask("/register", { to: phoneNumber });
    await send(placeOf(await send(page, { code })), {});
    expect(await (await browser.get("/account/password")).text()).toContain('href="/reset"');
    const chosen = await ask("/reset", { username: phoneNumber });
    expect(placeOf(await send(chosen.page, { code: chosen.code, newPassword: password }))).toBe("/sign-in?done=reset");
    expect(placeOf(await send("/sign-in/password", { username: phoneNumber, password }))).toBe("/account");
  });

  test("a code for one thing is not taken by the page of another", async () => {
    const { username } = await createOwner();
    const { page, code } = await ask("/reset", { username });
    const step = new URL(page, live.url).search;
    expect(placeOf(await send(`/sign-in/code${step}`, { code }))).toBe("/sign-in?done=over");
    expect(placeOf(await send(`/register/finish${step}`, {}))).toBe("/register?done=over");
    expect(await countSessions()).toBe(0);
  });

  test("a person without a password shows by a code that it is them", async () => {
    const { page, code } = await ask("/register", { to: phoneNumber });
    await send(placeOf(await send(page, { code })), {});
    expect(await (await browser.get("/reauthenticate")).text()).toContain("I have no password: send a code");
    const own = await ask("/reauthenticate?return_to=/orders/7", { sendCode: "yes" });
    expect(placeOf(await send(own.page, { code: own.code }))).toBe("/orders/7");
  });

  test("signing out leaves nothing of a way to who comes next at this browser", async () => {
    const { page } = await ask("/register", { to: phoneNumber });
    await send("/sign-out", {});
    expect([...browser.cookies.keys()].filter((name) => name.includes("step"))).toEqual([]);
    expect(placeOf(await browser.get(page))).toContain("done=over");
  });

  test.each(["", "not json", '{"way":"enter"}', '{"way":"enter","name":1}', "[]", "null"])(
    "a cookie that holds %j is none",
    async (text) => {
      const value = Buffer.from(text).toString("base64url");
      const headers = { cookie: `latchkey_step_AAAAAAAA=${value}` };
      const response = await fetch(`${live.url}/sign-in/code?step=AAAAAAAA`, { headers, redirect: "manual" });
      expect(placeOf(response)).toBe("/sign-in?done=over");
    },
  );

  test("who asks too often is told when it can go on, and keeps what was typed", async () => {
    let last = await send("/register", { to: phoneNumber });
    for (let asked = 0; asked < 40 && last.status === 303; asked += 1)
      last = await send("/register", { to: phoneNumber });
    expect(last.status).toBe(429);
    expect(Number(last.headers.get("retry-after"))).toBeGreaterThan(0);
    const text = await last.text();
    expect(text).toMatch(/There were too many tries\. Try again in \d+ (second|minute|hour)s?\./);
    expect(text).toContain(`value="${phoneNumber}"`);
    await live.test.clock.advance(4 * 3_600);
  });

  test("no neighbouring host can lead somebody onto a way: its cookie is of the host alone, and over https alone", async () => {
    const publicUrl = parsePublicUrl("https://auth.example.com") ?? undefined;
    await using behind = await startLiveServer({ messages }, { publicUrl });
    const client = createFormClient(behind.url);
    const headers = { origin: "https://auth.example.com" };
    const sent = await client.post("/cookie/sign-in", { form: "1", username: "ayse", withPassword: "yes" }, headers);
    const line = sent.headers.getSetCookie().find((one) => one.includes("step"));
    expect(line).toMatch(
      /^__Host-latchkey_step_[\w-]{8}=[\w-]+; Max-Age=1500; Path=\/; HttpOnly; SameSite=Lax; Secure$/,
    );
  });

  test("where codes cannot be sent, the pages offer none", async () => {
    await using silent = await startLiveServer();
    const other = createFormClient(silent.url);
    const [signIn, register, reset] = await Promise.all(
      ["/sign-in", "/register", "/reset"].map(async (path) => (await other.get(path)).text()),
    );
    expect(signIn).toContain('name="password"');
    expect(register).toContain('name="password"');
    expect(reset).toContain("The people who run this service can give you one");
    for (const page of [signIn, register, reset]) expect(page).not.toContain("Send me a code");
  });

  test("forms of another site send no code", async () => {
    for (const path of ["/register", "/sign-in", "/reset"]) {
      const fields = { form: "1", to: phoneNumber, username: phoneNumber };
      const response = await browser.post(`/cookie${path}`, fields, { origin: "https://evil.example" });
      expect(response.status, path).toBe(403);
    }
    expect(inbox.messages.filter(({ to }) => to === phoneNumber)).toEqual([]);
  });

  test.each([
    ["nothing", "", "Fill this in."],
    ["a number without its country", "0532 100 00 00", "Write the number with + and the country code."],
    ["what is no number", "+90 532", "Write the number with + and the country code."],
    ["what is no address", "ayse@", "Write the address like name@example.com."],
  ])("%s is told at the field what to do", async (_, to, words) => {
    const response = await send("/register", { to });
    expect(response.status).toBe(400);
    expect(await response.text()).toMatch(new RegExp(`id="to-fault">${words.replace(/[+.]/g, "\\$&")}`));
  });
});
