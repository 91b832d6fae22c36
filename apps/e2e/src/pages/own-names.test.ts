import { createInbox } from "@latchkey/auth/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { isService, type LiveServer, startLiveServer } from "../live-server.ts";
import { createFormClient, type FormClient } from "./form-client.ts";

const password = "correct horse battery";
const inbox = createInbox();
const messages = { senders: { sms: inbox, email: inbox }, isEnforced: false } as const;
let live: LiveServer;
beforeAll(async () => {
  live = await startLiveServer({ messages });
});
afterAll(() => live?.[Symbol.asyncDispose]());

let people = 0;
let username: string;
let phoneNumber: string;
let browser: FormClient;
beforeEach(async () => {
  people += 1;
  username = `names${people}`;
  phoneNumber = `+90532300${String(people).padStart(4, "0")}`;
  browser = createFormClient(live.url);
  await live.test.auth.createUser({ username, password });
  await send("/sign-in/password", { username, password });
});

let forms = 0;
const send = (path: string, fields: Record<string, string> = {}, client = browser) =>
  client.post(`/cookie${path}`, { form: String(++forms), ...fields });
const placeOf = (response: Response) => response.headers.get("location") ?? "";
const show = async (path: string) => (await browser.get(path)).text();

async function add(to: string, kind = "phone") {
  const asked = await send("/account/contact", { kind, to });
  expect(asked.status, await asked.clone().text()).toBe(303);
  const { code } = await inbox.take(to);
  return { page: placeOf(asked), code };
}

const getOlder = () => live.test.clock.advance(660);

describe.skipIf(!isService)("a number and an address of one's own on the pages", () => {
  test("are added by a code, each once, and stand on the page from then on", async () => {
    const { page, code } = await add(phoneNumber);
    expect(page).toMatch(/^\/account\/contact\/code\?step=/);
    const wrong = await send(page, { code: code === "000000" ? "111111" : "000000" });
    expect(await wrong.text()).toContain('id="code-fault"');
    expect(placeOf(await send(page, { code }))).toMatch(/^\/account\/contact\?done=(set|waits)$/);
    expect(await show("/account/contact")).toContain(phoneNumber);
    expect(placeOf(await send(page, { code }))).toBe("/account/contact?done=over");
    const email = await add(`${username}@example.com`, "email");
    await send(email.page, { code: email.code });
    expect(await show("/account/contact")).toContain(`${username}@example.com`);
  });

  test("are taken away, and a handed code sets a password, on a device that stays known", async () => {
    const name = `${username}d`;
    await live.test.auth.createUser({ username: name, password, phoneNumber });
    const own = createFormClient(live.url);
    await send("/sign-in/password", { username: name, password }, own);
    const readMark = () => own.cookies.get("latchkey_device") ?? "";
    const isKnown = async (deviceMark: string, shown = password) => {
      await live.test.database.query("delete from latchkey.notices");
      await live.test.auth.signIn({ username: name, password: shown, deviceMark }, live.test.facts);
      return (await live.test.database.query("select from latchkey.notices where kind = 'new_device'")).length === 0;
    };
    const first = readMark();
    const removed = await send("/account/contact", { kind: "phone", remove: "yes" }, own);
    expect(placeOf(removed)).toBe("/account/contact?done=removed");
    const second = readMark();
    expect([await isKnown(first), await isKnown(second)]).toEqual([false, true]);

    const { setPasswordCode: code } = await live.test.auth.operator.createPasswordCode(name);
    const newPassword = "an even better battery";
    const reset = await send("/reset/given", { username: name, code, newPassword }, own);
    expect(placeOf(reset)).toBe("/sign-in?done=reset");
    expect([await isKnown(second, newPassword), await isKnown(readMark(), newPassword)]).toEqual([false, true]);
  });

  test("want their owner to be there, who is sent to show it and comes back", async () => {
    await getOlder();
    const asked = placeOf(await send("/account/contact", { kind: "phone", to: phoneNumber }));
    expect(asked).toBe("/reauthenticate?return_to=%2Faccount%2Fcontact%3Fdone%3Dconfirmed");
    const back = placeOf(await send(asked, { password }));
    expect(await show(back)).toContain("Thank you. You can go on.");
    await add(phoneNumber);
    expect(inbox.messages.filter(({ to }) => to === phoneNumber)).toHaveLength(1);
  });

  test("cannot be proved by whoever has the address of the page, in another session", async () => {
    const { page, code } = await add(phoneNumber);
    await live.test.auth.createUser({ username: `${username}t`, password });
    const thief = createFormClient(live.url);
    await send("/sign-in/password", { username: `${username}t`, password }, thief);
    expect(placeOf(await send(page, { code }, thief))).toBe("/account/contact?done=over");
  });

  test("of another account are told so after the proof alone, and move where that was another person's", async () => {
    const other = `${username}o`;
    const { id } = await live.test.auth.createUser({ username: other, phoneNumber, password });
    await live.test.database.query(
      "update latchkey.users set phone_vouched_at = null, phone_proved_at = latchkey.now() - interval '41 days' where id = $1",
      [id],
    );
    const { page, code } = await add(phoneNumber);
    const taken = await send(page, { code });
    expect(taken.status).toBe(409);
    const text = await taken.text();
    expect(text).toContain('name="isNotMine"');
    expect(text).not.toContain(other);
    expect(placeOf(await send(page, { code, isNotMine: "yes" }))).toMatch(/done=(set|waits)$/);
    expect(await show("/account/contact")).toContain(phoneNumber);
  });

  test("that change wait where a thief could have asked, are listed on every device, and stopped there", async () => {
    const first = await add(phoneNumber);
    await send(first.page, { code: first.code });
    await getOlder();
    await live.test.clock.advance(80 * 3_600);
    const mine = createFormClient(live.url);
    await send("/sign-in/password", { username, password }, mine);
    await send("/sign-in/password", { username, password });
    const next = phoneNumber.replace("300", "301");
    const { page, code } = await add(next);
    expect(placeOf(await send(page, { code }))).toBe("/account/contact?done=waits");
    const listed = await (await mine.get("/account/contact")).text();
    expect(listed).toContain("Changes that wait");
    const [, id = ""] = /name="stop" value="([^"]+)"/.exec(listed) ?? [];
    expect(placeOf(await send("/account/contact", { stop: id }, mine))).toBe("/account/contact?done=stopped");
    expect(await show("/account/contact")).not.toContain("Changes that wait");
  });

  test("the last way in is not taken away, and the page says what to do first", async () => {
    browser = createFormClient(live.url);
    const asked = placeOf(await send("/register", { to: phoneNumber }));
    const proved = placeOf(await send(asked, { code: (await inbox.take(phoneNumber)).code }));
    await send(proved);
    const refused = await send("/account/contact", { kind: "phone", remove: "yes" });
    expect(refused.status).toBe(400);
    expect(await refused.text()).toContain("This is your last way in");
    expect(await show("/account/contact")).toContain(phoneNumber);
  });
});

describe.skipIf(!isService)("recovery codes on the pages", () => {
  const readCodes = (text: string) =>
    [...text.matchAll(/<code dir="ltr">([^<]+)<\/code>/g)].map(([, code = ""]) => code);

  test("are made by who shows that it is them, shown once, and let one choose a new password, once", async () => {
    await getOlder();
    expect(placeOf(await send("/account/recovery"))).toContain("/reauthenticate?return_to=");
    await send("/reauthenticate", { password });
    const made = await (await send("/account/recovery")).text();
    const codes = readCodes(made);
    expect(codes).toHaveLength(10);
    const after = await show("/account/recovery");
    expect(after).toContain("Codes left: 10");
    for (const code of codes) expect(after).not.toContain(code);
    const lost = createFormClient(live.url);
    const [code = ""] = codes;
    const asked = placeOf(await send("/recover", { code: code.toLowerCase() }, lost));
    expect(asked).toMatch(/^\/recover\/password\?step=/);
    expect(asked).not.toContain(code);
    const poor = await send(asked, { newPassword: "password" }, lost);
    expect(await poor.text()).toContain('id="newPassword-fault"');
    expect(placeOf(await send(asked, { newPassword: "a battery of horses" }, lost))).toBe("/account");
    expect(placeOf(await send(asked, { newPassword: "another battery" }, lost))).toBe("/recover?done=over");
    const again = await send("/recover", { code }, createFormClient(live.url));
    expect(again.status).toBe(400);
    expect((await browser.get("/account")).status).toBe(303);
  });

  test("that wait say what withdraws them, which signing out does", async () => {
    const { database } = live.test;
    const number =
      "update latchkey.users set phone_number = $2, phone_proved_at = latchkey.now(), password = '!' where username = $1";
    await database.query(number, [username, phoneNumber]);
    browser = createFormClient(live.url);
    const asked = placeOf(await send("/sign-in", { username: phoneNumber }));
    expect(placeOf(await send(asked, { code: (await inbox.take(phoneNumber)).code }))).toBe("/account");
    const made = await (await send("/account/recovery")).text();
    expect(readCodes(made)).toHaveLength(10);
    expect(made).toContain("Stay signed in where you made them: signing out there withdraws them.");
    expect(await show("/account/recovery")).toContain("Stay signed in where you made them");
    await send("/sign-out");
    const [{ id } = { id: "" }] = await database.query<{ id: string }>(
      "select id from latchkey.users where username = $1",
      [username],
    );
    await live.test.auth.purge();
    expect(await database.query("select from latchkey.recovery_codes where user_id = $1", [id])).toEqual([]);
  });

  test("that are made up are refused at their field, and a link to the next page is worth nothing", async () => {
    const refused = await send("/recover", { code: "00000-00000-00000-00000" });
    expect(await refused.text()).toContain('id="code-fault"');
    expect(placeOf(await browser.get("/recover/password?step=AAAAAAAA"))).toBe("/recover?done=over");
  });
});
