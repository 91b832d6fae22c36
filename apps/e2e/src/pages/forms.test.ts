import { pagePaths } from "@latchkey/pages";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { isService, type LiveServer, startLiveServer } from "../live-server.ts";
import { createFormClient, type FormClient } from "./form-client.ts";

const password = "correct horse battery";
let live: LiveServer;
beforeAll(async () => {
  live = await startLiveServer({
    profile: { nickname: z.string().max(20).nullable(), age: z.int().min(0).nullable() },
  });
});
afterAll(() => live?.[Symbol.asyncDispose]());

let username: string;
let people = 0;
let browser: FormClient;
beforeEach(async () => {
  people += 1;
  username = `person${people}`;
  browser = createFormClient(live.url);
  await live.test.auth.createUser({ username, password });
});

const signIn = (client = browser, form = "1") => client.post("/cookie/sign-in", { form, username, password });
const countSessions = async () => {
  const rows = await live.test.database.query<{ count: string }>(
    "select count(*) from latchkey.sessions s join latchkey.users u on u.id = s.user_id where s.ended_at is null and u.username = $1",
    [username],
  );
  return Number(rows[0]?.count);
};

describe.skipIf(!isService)("the service's pages", () => {
  test.each<[string, Record<string, string | null>]>([
    ["another site", { origin: "https://evil.example", "sec-fetch-site": "cross-site" }],
    ["a neighbouring host", { origin: "http://localhost:1", "sec-fetch-site": "same-site" }],
    ["another port", { origin: "http://127.0.0.1:1", "sec-fetch-site": "same-site" }],
    ["a page that hides where it is", { origin: "null", "sec-fetch-site": null }],
    ["a sandboxed page", { origin: "null", "sec-fetch-site": "cross-site" }],
    ["somebody who typed the address", { origin: null, "sec-fetch-site": "none" }],
    ["a program that says nothing of it", { origin: null, "sec-fetch-site": null }],
    ["an origin that only begins alike", { origin: "http://127.0.0.1", "sec-fetch-site": null }],
  ])("do nothing with a form of %s, whichever it is", async (_, headers) => {
    await signIn();
    const forms: [string, Record<string, string>][] = [
      ["/cookie/sign-in", { username, password }],
      ["/cookie/sign-out", {}],
      ["/cookie/register", { username: `${username}x`, password }],
      ["/cookie/account", { firstName: "Mallory" }],
      ["/cookie/account/password", { currentPassword: password, newPassword: `${password} 2` }],
      ["/cookie/account/devices", { others: "yes" }],
      ["/cookie/account/devices", { forget: "yes" }],
      ["/cookie/account/devices", { remembered: "00000000-0000-7000-8000-000000000000" }],
      ["/cookie/account/data", {}],
      ["/cookie/account/delete", {}],
      ["/cookie/reauthenticate", { password }],
    ];
    for (const [path, fields] of forms) {
      const response = await browser.post(path, { form: "2", ...fields }, headers);
      expect(response.status, path).toBe(403);
      expect(response.headers.getSetCookie(), path).toEqual([]);
      expect(await response.text(), path).toContain("nothing was done");
    }
    expect(await countSessions()).toBe(1);
    expect(await (await browser.get("/account")).text()).not.toContain("Mallory");
  });

  test("take a form of their own site alone, on each path that there is", async () => {
    await signIn();
    const foreign = { origin: "https://evil.example", "sec-fetch-site": "cross-site" };
    const forms = pagePaths.filter((path) => path.startsWith("/cookie/"));
    expect(forms.length).toBeGreaterThan(25);
    const taken: string[] = [];
    for (const path of forms) {
      const response = await browser.post(path, { form: "3" }, foreign);
      // Either there is no form there, or nothing is done with this one.
      const isRefused = [403, 405].includes(response.status) && response.headers.getSetCookie().length === 0;
      if (!isRefused) taken.push(`${path}: ${response.status}`);
    }
    expect(taken).toEqual([]);
  });

  test("one form of a sign-in, sent twice at once, opens one session, and both answers lead into it", async () => {
    const both = await Promise.all([signIn(), signIn()]);
    expect(both.map(({ status }) => status)).toEqual([303, 303]);
    expect(both[0]?.headers.getSetCookie()).toEqual(both[1]?.headers.getSetCookie());
    expect(await countSessions()).toBe(1);
    expect((await browser.get("/account")).status).toBe(200);
  });

  test("one form of a new password, sent twice, is told twice that it was done; filled in anew, it is done anew", async () => {
    await signIn();
    const fields = { currentPassword: password, newPassword: `${password} staple` };
    const send = (form: string) => browser.post("/cookie/account/password", { form, ...fields });
    const both = await Promise.all([send("a"), send("a")]);
    expect(both.map(({ headers }) => headers.get("location"))).toEqual(Array(2).fill("/account/password?done=changed"));
    expect((await send("b")).status).toBe(400);
  });

  test("after a wrong password the page says what to do, keeps the name and nothing of the password", async () => {
    const response = await browser.post("/cookie/sign-in", {
      form: "1",
      username: `${username}"><b>`,
      password: "hunter2 hunter2",
    });
    const text = await response.text();
    expect(response.status).toBe(400);
    expect(text).toContain("Check both and try again");
    expect(text).toContain("&quot;&gt;&lt;b&gt;");
    expect(text).not.toContain("hunter2");
    expect(text).toContain('role="alert"');
  });

  test.each([
    "https://evil.example/",
    "//evil.example",
    "/\\evil.example",
    "http://127.0.0.1:1/",
    "javascript:alert(1)",
  ])("nobody is sent to %s by signing in", async (to) => {
    const query = new URLSearchParams({ return_to: to });
    const signed = await browser.post(`/cookie/sign-in?${query}`, { form: "1", username, password });
    expect(signed.headers.get("location")).toBe("/account");
    const already = await (await browser.get(`/sign-in?${query}`)).text();
    expect(already).toContain('<a class="button wide" href="/account">');
    const renewed = await browser.get(`/cookie/renew?${new URLSearchParams({ to })}`);
    expect(renewed.headers.get("location")).toBe("/account");
  });

  test("whoever asks for a page of the account signs in and is led back to it", async () => {
    const asked = await browser.get("/account/devices");
    expect(asked.headers.get("location")).toBe("/cookie/renew?to=%2Faccount%2Fdevices");
    const sent = await browser.get(asked.headers.get("location") ?? "");
    expect(sent.headers.get("location")).toBe("/sign-in?return_to=%2Faccount%2Fdevices");
    const page = await (await browser.get(sent.headers.get("location") ?? "")).text();
    const [, action = ""] = /action="([^"]+)"/.exec(page) ?? [];
    const signed = await browser.post(action, { form: "1", username, password });
    expect(signed.headers.get("location")).toBe("/account/devices");
  });

  test("an access token that ran out is renewed for a page and for a form, and no session is lost or added", async () => {
    await signIn();
    await live.test.clock.advance(20 * 60);
    const asked = await browser.get("/account");
    const renewed = await browser.get(asked.headers.get("location") ?? "");
    expect(renewed.headers.get("location")).toBe("/account");
    expect((await browser.get("/account")).status).toBe(200);
    await live.test.clock.advance(20 * 60);
    const saved = await browser.post("/cookie/account", {
      form: "1",
      firstName: "Ayşe",
      lastName: "",
      nickname: "ay",
      age: "40",
    });
    expect(saved.headers.get("location")).toBe("/account?done=saved");
    const page = await (await browser.get("/account")).text();
    for (const value of ["Ayşe", "ay", "40"]) expect(page).toContain(`value="${value}"`);
    expect(await countSessions()).toBe(1);
  });

  test("a fault in one's own field is told at that field, and what was typed stays", async () => {
    await signIn();
    const response = await browser.post("/cookie/account", {
      form: "1",
      firstName: "Ayşe",
      nickname: "x".repeat(21),
      age: "-1",
    });
    const text = await response.text();
    expect(response.status).toBe(400);
    expect(text).toMatch(/id="nickname"[^>]*value="x{21}"[^>]*aria-invalid="true" aria-describedby="nickname-fault"/);
    expect(text).toContain('id="age-fault"');
  });

  test("signing out ends the session, takes the cookies, and a copy of the token is worth nothing", async () => {
    await signIn();
    const token = browser.cookies.get("latchkey_access") ?? "";
    const out = await browser.post("/cookie/sign-out", { form: "1" });
    expect(out.headers.get("location")).toBe("/signed-out");
    expect([...browser.cookies.keys()]).toEqual(["latchkey_device"]);
    expect(await countSessions()).toBe(0);
    const again = await fetch(`${live.url}/account`, {
      headers: { cookie: `latchkey_access=${token}` },
      redirect: "manual",
    });
    expect(again.headers.get("location")).toContain("/cookie/renew");
  });

  test("a device is signed out there by its number, and another person's is not to be found", async () => {
    await signIn();
    const other = createFormClient(live.url);
    await signIn(other, "2");
    const page = await (await browser.get("/account/devices")).text();
    const [, id = ""] = /name="id" value="([^"]+)"/.exec(page) ?? [];
    expect((await browser.post("/cookie/account/devices", { form: "3", id })).status).toBe(303);
    expect((await other.get("/account")).status).toBe(303);
    await live.test.auth.createUser({ username: `${username}b`, password });
    const stranger = createFormClient(live.url);
    await stranger.post("/cookie/sign-in", { form: "1", username: `${username}b`, password });
    const [mine] = await live.test.database.query<{ id: string }>(
      "select s.id from latchkey.sessions s join latchkey.users u on u.id = s.user_id where s.ended_at is null and u.username = $1",
      [username],
    );
    expect((await stranger.post("/cookie/account/devices", { form: "2", id: mine?.id ?? "" })).status).toBe(404);
    expect(await countSessions()).toBe(1);
  });

  test("what one agreed to is listed with its day, and taken back by one button", async () => {
    await signIn();
    await browser.post("/cookie/account", { form: "2", isApprovedToBeInTouch: "yes" });
    const page = await (await browser.get("/account/data")).text();
    expect(page).toMatch(/Agreed to news on <time/);
    expect(page).toContain("Take it back");
    const done = await browser.post("/cookie/account/data", { form: "3" });
    expect(done.headers.get("location")).toBe("/account/data?done=withdrawn");
    const after = await (await browser.get("/account/data?done=withdrawn")).text();
    expect(after).toMatch(/Took it back on <time[\s\S]*Agreed to news on <time/);
    expect(after).not.toContain(">Take it back<");
  });

  test("the copy of one's data is a file, and holds no hash, token or code", async () => {
    await signIn();
    const response = await browser.get("/account/data.json");
    expect(response.headers.get("content-disposition")).toBe('attachment; filename="my-data.json"');
    const text = await response.text();
    expect(JSON.parse(text)).toMatchObject({
      user: { username },
      sessions: [{}],
      activity: [{ event: "signed_in" }, {}],
    });
    expect(text).not.toMatch(/bcrypt|\$2b|eyJ|password":/);
  });

  test("the copy of one's data asks first who is there, and comes after it", async () => {
    await signIn();
    await live.test.clock.advance(11 * 60);
    const asked = await browser.get("/account/data.json");
    expect([asked.status, asked.headers.get("location")]).toEqual([
      303,
      "/reauthenticate?return_to=%2Faccount%2Fdata.json%3Fdone%3Dconfirmed",
    ]);
    const shown = await browser.post(`/cookie${asked.headers.get("location")}`, { form: "4", password });
    expect(shown.headers.get("location")).toBe("/account/data.json?done=confirmed");
    const response = await browser.get("/account/data.json?done=confirmed");
    expect(response.headers.get("content-disposition")).toBe('attachment; filename="my-data.json"');
  });

  test("deleting one's account asks first who is there, signs out everywhere, and says until when it can be taken back", async () => {
    await signIn();
    const other = createFormClient(live.url);
    await signIn(other, "2");
    await live.test.clock.advance(11 * 60);
    const asked = await browser.post("/cookie/account/delete", { form: "3" });
    expect(asked.headers.get("location")).toBe("/reauthenticate?return_to=%2Faccount%2Fdelete%3Fdone%3Dconfirmed");
    await browser.post(`/cookie${asked.headers.get("location")}`, { form: "4", password });
    expect(await (await browser.get("/account/delete?done=confirmed")).text()).toContain("You can go on");
    const both = await Promise.all(
      [1, 2].map(() => browser.post("/cookie/account/delete?done=confirmed", { form: "5" })),
    );
    expect(both.map(({ status }) => status)).toEqual([200, 200]);
    const page = (await both[0]?.text()) ?? "";
    expect(page).toContain("Your account will be deleted");
    expect(page).toMatch(/<time datetime="\d{4}-/);
    expect(page).toContain("400 days at most");
    expect([...browser.cookies.keys()]).toEqual(["latchkey_device"]);
    expect(await countSessions()).toBe(0);
    expect((await other.get("/account")).headers.get("location")).toContain("/cookie/renew");
  });

  test("whoever signs in meanwhile is told that the account stays, goes on where they wanted to, and may ask again", async () => {
    await signIn();
    await browser.post("/cookie/account/delete", { form: "2" });
    const query = new URLSearchParams({ return_to: "/account/devices" });
    const signed = await browser.post(`/cookie/sign-in?${query}`, { form: "3", username, password });
    const location = signed.headers.get("location") ?? "";
    expect(location).toBe("/account/delete?return_to=%2Faccount%2Fdevices&done=kept");
    const page = await (await browser.get(location)).text();
    expect(page).toContain("Your account stays");
    expect(page).toContain('<a class="button" href="/account/devices">');
    const again = await browser.post("/cookie/sign-in", { form: "4", username, password });
    expect(again.headers.get("location")).toBe("/account");
    expect((await browser.post("/cookie/account/delete", { form: "5" })).status).toBe(200);
  });

  test("forgetting devices keeps this one, which goes on with a mark of its own", async () => {
    await signIn();
    const before = browser.cookies.get("latchkey_device") ?? "";
    expect(await (await browser.get("/account/devices")).text()).toContain("Forget other devices");
    const forgot = await browser.post("/cookie/account/devices", { form: "2", forget: "yes" });
    expect(forgot.headers.get("location")).toBe("/account/devices?done=forgotten");
    const after = browser.cookies.get("latchkey_device") ?? "";
    expect(after).not.toBe(before);
    const isKnown = async (deviceMark: string) => {
      await live.test.database.query("delete from latchkey.notices");
      await live.test.auth.signIn({ username, password, deviceMark }, live.test.facts);
      return (await live.test.database.query("select from latchkey.notices where kind = 'new_device'")).length === 0;
    };
    expect([await isKnown(before), await isKnown(after)]).toEqual([false, true]);
    const ended = await browser.post("/cookie/account/devices", { form: "3", others: "yes" });
    expect(ended.headers.get("location")).toBe("/account/devices?done=ended");
    expect(await isKnown(browser.cookies.get("latchkey_device") ?? "")).toBe(true);
  });

  test("pages load nothing from elsewhere, are framed by nobody, and are kept by nobody", async () => {
    for (const path of ["/sign-in", "/register", "/reset", "/signed-out", "/account", "/nothing"]) {
      const { headers } = await browser.get(path, { accept: "text/html" });
      expect(headers.get("content-security-policy"), path).toBe(
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; report-uri /csp-reports",
      );
      expect(headers.get("cross-origin-opener-policy"), path).toBe("same-origin");
      expect(headers.get("cache-control"), path).toBe("no-store");
      expect(headers.get("x-frame-options"), path).toBe("DENY");
    }
  });

  test("a browser is led from / to the pages, and a program gets the JSON 404 as ever", async () => {
    const program = await fetch(live.url);
    expect(program.status).toBe(404);
    expect(await program.json()).toMatchObject({ error: { data: { reason: "not_found" } } });
    expect((await browser.get("/", { accept: "text/html" })).headers.get("location")).toBe("/sign-in");
    const lost = await browser.get("/nothing", { accept: "text/html,*/*" });
    expect([lost.status, await lost.text()]).toEqual([404, expect.stringContaining("There is no such page")]);
  });

  test.each<[string, RequestInit]>([
    ["a body of another kind", { headers: { "content-type": "application/json" }, body: "{}" }],
    [
      "a file",
      {
        body: (() => {
          const form = new FormData();
          form.set("username", "x");
          return form;
        })(),
      },
    ],
    [
      "a body without end",
      { headers: { "content-type": "application/x-www-form-urlencoded" }, body: "x".repeat(70_000) },
    ],
  ])("a form that is %s is refused in words, with the number of the request", async (_, init) => {
    const headers = { ...init.headers, origin: live.url, "sec-fetch-site": "same-origin" };
    const response = await fetch(`${live.url}/cookie/sign-in`, { method: "POST", ...init, headers });
    expect([413, 415]).toContain(response.status);
    expect(await response.text()).toContain(response.headers.get("x-request-id"));
  });

  test("the access token's cookie is of no use to the API", async () => {
    await signIn();
    const response = await fetch(`${live.url}/trpc/me.get`, {
      headers: { cookie: `latchkey_access=${browser.cookies.get("latchkey_access")}` },
    });
    expect(response.status).toBe(401);
  });
});
