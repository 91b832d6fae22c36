import { readFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { browserTest, inBrowser } from "../browser/browser-test.ts";
import { isService, startLiveServer } from "../live-server.ts";
import { findFaults, findOverflow, phone } from "../pages/look.ts";
import { freshName, type Person, password } from "../permissions/accounts-in-core.ts";
import {
  type ConsoleSite,
  type KeptWindow,
  keepWindow,
  move,
  openConsole,
  show,
  signIn,
  startConsoleSite,
} from "./console-site.ts";

const test = inBrowser(browserTest);
let site: ConsoleSite;
let boss: Person;
let ada: Person;
/** Of the boss, for whatever begins in no other way than most. */
let usual: KeptWindow;
beforeAll(async () => {
  site = await startConsoleSite();
  boss = await site.create({ username: "boss", isSuperuser: true, isStaff: true });
  ada = await site.create({
    ...{ username: "ada", phoneNumber: "+905321234567", email: "ada@example.com" },
    profile: { firstName: "Ada", lastName: "Yılmaz", city: "Izmir" },
  });
  usual = keepWindow(site, boss);
});
afterAll(async () => {
  await usual?.[Symbol.asyncDispose]();
  await site?.[Symbol.asyncDispose]();
});

const fetchFrom = (path: string, init?: RequestInit) => fetch(site.live.url + path, init);

describe.skipIf(!isService)("the console's files", () => {
  test("are one page at every address, which no cache keeps and nothing else may be loaded by", async () => {
    for (const path of ["/console", "/console/", "/console/people/42", "/console/assets"]) {
      const answer = await fetchFrom(path);
      expect(answer.status).toBe(200);
      expect(answer.headers.get("content-type")).toBe("text/html; charset=utf-8");
      expect(answer.headers.get("cache-control")).toBe("no-cache");
      const policy = answer.headers.get("content-security-policy") ?? "";
      expect(policy).toContain("default-src 'none'");
      expect(policy).not.toMatch(/unsafe|https?:|\*/);
      expect(policy).toMatch(/; report-uri \/csp-reports$/);
      expect(answer.headers.get("cross-origin-opener-policy")).toBe("same-origin");
      const text = await answer.text();
      const sources = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, source]) => source ?? "");
      const isOwn = (source: string) => /^\/console\/assets\/[\w-]+\.(js|css)$/.test(source);
      expect(sources.filter((source) => !isOwn(source))).toEqual(["data:,"]);
      expect(sources.length).toBeGreaterThan(2);
    }
  });

  test("have names that change with them, are kept for good, and go over the wire compressed where that is understood", async () => {
    const [, name = ""] = /src="([^"]+)"/.exec(await (await fetchFrom("/console")).text()) ?? [];
    const { headers } = await fetchFrom(name, { headers: { "accept-encoding": "identity" } });
    expect(headers.get("content-type")).toBe("text/javascript; charset=utf-8");
    expect(headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
    expect(headers.get("vary")).toBe("Accept-Encoding");
    expect(headers.get("content-encoding")).toBeNull();
    const compressed = await fetchFrom(name, { headers: { "accept-encoding": "br, gzip" } });
    expect(compressed.headers.get("content-encoding")).toBe("gzip");
    const refused = await fetchFrom(name, { headers: { "accept-encoding": "gzip;q=0" } });
    expect(refused.headers.get("content-encoding")).toBeNull();
    expect(await compressed.text()).toBe(await refused.text());
  });

  test.each([
    "/console/assets/..%2findex.html",
    "/console/assets/%2e%2e%2f..%2fpackage.json",
    "/console/assets/none.js",
    "/console/assets/.js",
    "/console/assets/a.js.gz",
    "/console/assets/third-party-licenses.md",
    "/console/assets/a%00.js",
  ])("%s is not there", async (path) => {
    expect((await fetchFrom(path)).status).toBe(404);
  });

  test("are not there where the console is off", async () => {
    await using live = await startLiveServer();
    for (const path of ["/console", "/console/people"]) expect((await fetch(live.url + path)).status).toBe(404);
  });

  test("are read, and nothing else", async () => {
    const answer = await fetchFrom("/console/people", { method: "POST", body: "{}" });
    expect([answer.status, answer.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
    expect(await (await fetchFrom("/console", { method: "HEAD" })).text()).toBe("");
  });

  test("are at most 230 KB, compressed, until the first screen is there, and all of it is the service's own", {
    tags: ["long"],
  }, async ({ browser }) => {
    await using window = await usual.open(browser, "/people");
    const { page } = window;
    await page.getByRole("link", { name: "Ada Yılmaz" }).waitFor();
    const loaded = await page.evaluate<string[]>(
      `performance.getEntriesByType("resource").map(({ name }) => name).concat(location.href)`,
    );
    expect(loaded.filter((name) => !name.startsWith(site.live.url))).toEqual([]);
    const files = loaded.filter((name) => name.includes("/console"));
    const sizes = files.map(async (name) => {
      const text = await (await fetch(name, { headers: { "accept-encoding": "identity" } })).text();
      return gzipSync(text, { level: 9 }).length;
    });
    const total = (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
    expect(files.length).toBeGreaterThan(2);
    expect(total).toBeLessThan(230_000);
    expect(window.violations).toEqual([]);
  });
});

describe.skipIf(!isService)("somebody who opens the console", () => {
  test("is sent to the sign-in page, and comes back to where they wanted to go", { tags: ["long"] }, async ({
    browser,
  }) => {
    await using window = await usual.open(browser, "/people?status=active", { throughPages: true });
    const { page } = window;
    await page.getByRole("link", { name: "Ada Yılmaz" }).waitFor();
    expect(new URL(page.url()).pathname + new URL(page.url()).search).toBe("/console/people?status=active");
    // No token is where a script of the page, or of a browser's extension, would look for one.
    const stored = await page.evaluate<string>("JSON.stringify(localStorage) + document.cookie");
    expect(stored).not.toMatch(/eyJ|refreshToken\\?":\\?"[^"\\]/);
    await page.reload();
    await page.getByRole("link", { name: "Ada Yılmaz" }).waitFor();
    expect(window.violations).toEqual([]);
  });

  test("without a right reads so in plain words, and signs out from there", { tags: ["long"] }, async ({ browser }) => {
    await using window = await usual.open(browser, "/people", { person: ada });
    const { page } = window;
    await page.getByRole("heading", { name: "Nothing for you here" }).waitFor();
    await page.getByText("You are signed in as Ada Yılmaz").waitFor();
    expect(await page.getByRole("link", { name: "People" }).count()).toBe(0);
    expect(await findFaults(page)).toEqual([]);
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.waitForURL("**/signed-out");
    await page.goto(`${site.live.url}/console`);
    await page.waitForURL("**/sign-in?**");
    expect(window.violations).toEqual([]);
  });

  test("sees what they may and no more, and is refused the rest by the service all the same", async ({ browser }) => {
    const viewer = await site.create({ permissions: ["auth.view_user"] });
    await using window = await usual.open(browser, "", { person: viewer });
    const { page } = window;
    await page.getByRole("link", { name: "Ada Yılmaz" }).click();
    await page.getByRole("heading", { name: "Ada Yılmaz" }).waitFor();
    const places = page.getByRole("navigation").getByRole("link");
    expect(await places.allTextContents()).toEqual(["People"]);
    for (const name of ["Actions", "Edit"]) expect(await page.getByRole("button", { name }).count()).toBe(0);
    await move(page, "/audit");
    await page.getByRole("alert").getByText("That was refused.").waitFor();
    expect(window.violations).toEqual([]);
  });

  test("reads it in their language and direction, keeps that, and light or dark", async ({ browser }) => {
    await using window = await usual.open(browser, "/people", { language: "" });
    const { page } = window;
    await page.getByRole("button", { name: "boss" }).click();
    await page.getByRole("menuitemradio", { name: "العربية" }).click();
    await page.getByRole("heading", { name: "الأشخاص" }).waitFor();
    expect(await page.evaluate("[document.documentElement.lang, document.documentElement.dir]")).toEqual(["ar", "rtl"]);
    await page.getByRole("button", { name: "boss" }).click();
    await page.getByRole("menuitemradio", { name: "داكن" }).click();
    await expect.poll(() => page.evaluate("getComputedStyle(document.body).backgroundColor")).toBe("rgb(20, 20, 18)");
    expect(window.violations).toEqual([]);
  });

  test("is told of the address where there is nothing, also on the way from one such address to another", {
    tags: ["long"],
  }, async ({ browser }) => {
    await using window = await usual.open(browser, "/nowhere");
    const { page } = window;
    await page.getByText("There is nothing at /console/nowhere.").waitFor();
    await page.evaluate(`history.pushState({}, "", "/console/neither")`);
    await page.getByText("There is nothing at /console/neither.").waitFor();
  });

  test("can work where the browser keeps nothing, and what they choose lasts as long as the page", {
    tags: ["long"],
  }, async ({ browser }) => {
    await using window = await openConsole(browser, site, boss, "/people", { forbidsStorage: true });
    const { page } = window;
    await page.getByRole("link", { name: "Ada Yılmaz" }).waitFor();
    await page.getByRole("button", { name: "Columns" }).click();
    await page.getByRole("menuitemcheckbox", { name: "Country" }).click();
    await page.keyboard.press("Escape");
    await page.getByRole("columnheader", { name: "Country" }).waitFor();
    await page.getByRole("button", { name: "boss" }).click();
    await page.getByRole("menuitemradio", { name: "Dark" }).click();
    await page.getByRole("button", { name: "boss" }).click();
    await page.getByRole("menuitemradio", { name: "Português (Brasil)" }).click();
    await page.getByRole("heading", { name: "Pessoas" }).waitFor();
    expect(await page.evaluate("document.documentElement.dataset.theme")).toBe("dark");
    expect(window.violations).toEqual([]);
  });

  test("is told when the service is away, and it comes back by itself", { tags: ["long"] }, async ({ browser }) => {
    await using window = await usual.open(browser, "/people");
    const { page } = window;
    await page.getByRole("link", { name: "Ada Yılmaz" }).waitFor();
    await page.route("**/trpc/**", (route) => route.abort("connectionrefused"));
    await page.getByLabel("Search", { exact: true }).fill("bo");
    await page.getByText("The service does not answer. Trying again").waitFor();
    await page.unroute("**/trpc/**");
    await page.getByRole("link", { name: "boss" }).waitFor();
    await page.getByText("The service does not answer.").waitFor({ state: "hidden" });
  });

  test("is told what of a person could not be read, sees the rest, and asks for it again", { tags: ["long"] }, async ({
    browser,
  }) => {
    const { query } = site.live.test.database;
    const { id } = await site.create({ username: freshName(), profile: { firstName: "Partly" } });
    await using window = await usual.open(browser, "/people");
    const { page } = window;
    // What belongs to both answers is gone, so that the service fails at them for real.
    const tables = ["totp_factors", "pending_changes"];
    for (const table of tables) await query(`alter table latchkey.${table} rename to ${table}_away`);
    try {
      await page.goto(`${site.live.url}/console/people/${id}`);
      await page.getByRole("heading", { name: "Partly" }).waitFor();
      await expect.poll(() => page.getByRole("alert").getByText("Something went wrong in the service").count()).toBe(2);
      // The other parts may still be read.
      await expect.poll(() => page.locator(".skeleton").count()).toBe(0);
      await page.getByRole("region", { name: "Names and profile" }).getByText("Partly").waitFor();
    } finally {
      for (const table of tables) await query(`alter table latchkey.${table}_away rename to ${table}`);
    }
    await page.getByRole("button", { name: "Try again" }).first().click();
    await page.getByRole("region", { name: "Ways to sign in" }).getByText("Authenticator app").waitFor();
    await page.getByRole("alert").first().waitFor({ state: "hidden" });
    expect(window.violations).toEqual([]);
  });

  test("sees where something comes while answers are slow, which moves for whoever wants that alone, and nothing jumps when they are there", {
    tags: ["long"],
  }, async ({ browser }) => {
    await using window = await openConsole(browser, site, boss, "/people");
    const { page } = window;
    const held = Promise.withResolvers<void>();
    await page.route(/\/trpc\/(users|audit|groups)\./, async (route) => {
      await held.promise;
      await route.continue();
    });
    await page.addInitScript(`window.shifted = 0;
      new PerformanceObserver((list) => {
        for (const { value } of list.getEntries()) window.shifted += value;
      }).observe({ type: "layout-shift", buffered: true });`);
    await page.goto(`${site.live.url}/console/people/${ada.id}`);
    await page.getByRole("status", { name: "Loading" }).first().waitFor();
    await page.getByRole("heading", { name: "Account" }).waitFor();
    const countMoving = () => page.evaluate<number>("document.getAnimations().length");
    expect(await countMoving()).toBe(0);
    await page.emulateMedia({ reducedMotion: "no-preference" });
    await expect.poll(countMoving).toBeGreaterThan(0);
    held.resolve();
    await page.getByRole("heading", { name: "Ada Yılmaz" }).waitFor();
    await page.locator(".skeleton").first().waitFor({ state: "hidden" });
    // What counts as good on the web (Cumulative Layout Shift).
    expect(await page.evaluate<number>("window.shifted")).toBeLessThan(0.1);
    await page.unroute(/\/trpc\//);
  });

  test("loses nothing that was typed when the session ends, and goes on after signing in again", {
    tags: ["long"],
  }, async ({ browser }) => {
    const editor = await site.create({ isSuperuser: true });
    const { id } = await site.create({ username: freshName(), profile: { firstName: "Grace" } });
    await using window = await usual.open(browser, `/people/${id}`, { person: editor });
    const { page, context } = window;
    await page.getByRole("button", { name: "Edit" }).first().click();
    await page.getByLabel("City").fill("Typed before");
    await site.live.test.auth.operator.endSessions(editor.username);
    await page.getByRole("button", { name: "Save" }).click();
    const ended = page.getByRole("alertdialog", { name: "Your session has ended" });
    await ended.waitFor();
    expect(await findFaults(page)).toEqual([]);
    const [other] = await Promise.all([
      context.waitForEvent("page"),
      ended.getByRole("link", { name: "Sign in" }).click(),
    ]);
    await signIn(other, editor);
    await other.getByRole("heading", { name: "That worked" }).waitFor();
    await ended.waitFor({ state: "hidden" });
    expect(await page.getByLabel("City").inputValue()).toBe("Typed before");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Typed before").waitFor();
    expect(window.violations).toEqual([]);
  });
});

describe.skipIf(!isService)("people in the console", () => {
  test("are found by any spelling of a name, number or address", { tags: ["long"] }, async ({ browser }) => {
    await using window = await usual.open(browser, "/people");
    const { page } = window;
    const search = page.getByLabel("Search", { exact: true });
    for (const typed of ["ADA", "+90 532 123 45 67", "٠٠٩٠٥٣٢١٢٣٤٥٦٧", "Ada@Example.com", "ada@", ada.id]) {
      await search.fill(typed);
      await expect.poll(() => page.getByRole("link", { name: "Ada Yılmaz" }).count(), { message: typed }).toBe(1);
      await expect.poll(() => page.getByRole("row").count(), { message: typed }).toBe(2);
    }
    await search.fill("nobody_at_all");
    await page.getByText("Nobody fits.").waitFor();
    // What is typed about people is in no address, which others may read, and is there again for whoever comes back.
    expect(page.url()).toBe(`${site.live.url}/console/people`);
    await search.fill("ada");
    await page.getByRole("link", { name: "Ada Yılmaz" }).click();
    await page.getByRole("heading", { name: "Ada Yılmaz" }).waitFor();
    await page.goBack();
    await expect.poll(() => search.inputValue()).toBe("ada");
    await expect.poll(() => page.getByRole("row").count()).toBe(2);
    expect(window.violations).toEqual([]);
  });

  test("are as quick to see with thousands as with a few: only rows in sight are there, and more come with scrolling", {
    tags: ["long"],
  }, async ({ browser }) => {
    await site.live.test.database.query(
      `insert into latchkey.users (id, username, username_key, password, date_joined)
       select gen_random_uuid(), 'many_' || n, 'many_' || n, '!x', now() - interval '1 year' from generate_series(1, 1500) n`,
    );
    await using window = await usual.open(browser, "/people");
    const { page } = window;
    await page.getByLabel("Search", { exact: true }).fill("many_");
    await page.getByText("100 people, and more below").waitFor();
    expect(await page.getByRole("row").count()).toBeLessThan(60);
    for (let count = 0; count < 8; count += 1) await page.mouse.wheel(0, 20_000);
    await expect
      .poll(async () => {
        await page.mouse.wheel(0, 20_000);
        return page.getByText(/^[5-9]00 people|^1,\d00 people/).count();
      })
      .toBe(1);
    expect(await page.getByRole("row").count()).toBeLessThan(60);
    expect(window.violations).toEqual([]);
  });

  test("are created with a code that is shown once and lets its owner in", async ({ browser }) => {
    await using window = await usual.open(browser, "/people");
    const { page } = window;
    await page.getByRole("button", { name: "Create account" }).click();
    await page.getByRole("textbox", { name: "Username" }).fill("9 no name");
    await page.getByRole("button", { name: "Create", exact: true }).click();
    await page
      .getByText("Begin with a letter.")
      .or(page.getByText("Some of these characters cannot be used."))
      .waitFor();
    expect(await findFaults(page)).toEqual([]);
    const username = freshName();
    await page.getByRole("textbox", { name: "Username" }).fill(username);
    await page.getByRole("button", { name: "Create", exact: true }).click();
    const code = await page.locator(".handed-code code").textContent();
    await site.live.test.auth.resetPassword(
      { username, code: code ?? "", newPassword: password },
      site.live.test.facts,
    );
    await page.getByRole("button", { name: "Done" }).click();
    expect(await page.getByText(code ?? "").count()).toBe(0);
    expect(window.violations).toEqual([]);
  });

  test("are changed by one at a time: the second is told what the first has changed, and nothing is lost", {
    tags: ["long"],
  }, async ({ browser }) => {
    const { id, username } = await site.create({});
    await using window = await usual.open(browser, `/people/${id}`);
    const { page } = window;
    await page.getByRole("button", { name: "Edit" }).first().click();
    await page.getByLabel("City").fill("Mine");
    await site.live.test.auth.operator.update(username, { city: "Theirs", country: "Turkey" });
    await page.getByRole("button", { name: "Save" }).click();
    const told = page.getByRole("alert").filter({ hasText: "Somebody else changed this" });
    await told.getByRole("row", { name: "City – Theirs" }).waitFor();
    await told.getByRole("row", { name: "Country – Turkey" }).waitFor();
    expect(await findFaults(page)).toEqual([]);
    expect(await page.getByLabel("City").inputValue()).toBe("Mine");
    expect(await page.getByLabel("Country").inputValue()).toBe("Turkey");
    await page.getByRole("button", { name: "Save mine" }).click();
    await page.getByText("Saved", { exact: true }).waitFor();
    const { user } = await site.live.test.auth.users.get(id);
    expect(user).toMatchObject({ city: "Mine", country: "Turkey" });
    // What somebody else changes after that is not taken back, and shown.
    await site.live.test.auth.operator.update(username, { city: "Later" });
    await page.getByRole("button", { name: "Undo" }).click();
    await page.getByText("Nothing was taken back").waitFor();
    await page.getByText("Later", { exact: true }).waitFor();
    expect((await site.live.test.auth.users.get(id)).user.city).toBe("Later");
    expect(window.violations).toEqual([]);
  });

  test("are unlocked after the password of whoever does it, where their sign-in is not recent", {
    tags: ["long"],
  }, async ({ browser }) => {
    const { id, username } = await site.create({});
    const { test } = site.live;
    const guess = () => test.auth.signIn({ username, password: "wrong" }, test.facts).catch(() => {});
    for (let count = 0; count < 12; count += 1) await guess();
    await using window = await usual.open(browser, `/people/${id}`);
    const { page } = window;
    await page.getByText("Wrong passwords have run into a limit").waitFor();
    await test.clock.advance(601);
    await page.getByRole("button", { name: "Unlock" }).click();
    const asked = page.getByRole("dialog", { name: "Confirm it is you" });
    await asked.getByLabel("Your password").fill("not it");
    await asked.getByRole("button", { name: "Confirm", exact: true }).click();
    await asked.getByText("That is not your password.").waitFor();
    expect(await findFaults(page)).toEqual([]);
    await asked.getByRole("button", { name: "Cancel" }).click();
    await page.getByText("Nothing was done: you did not confirm that it is you.").waitFor();
    await page.getByRole("button", { name: "Unlock" }).click();
    await asked.getByLabel("Your password").fill(password);
    await asked.getByRole("button", { name: "Confirm", exact: true }).click();
    await page.getByText("Unlocked", { exact: true }).waitFor();
    await page.getByText("Wrong passwords have run into a limit").waitFor({ state: "hidden" });
    expect(window.violations).toEqual([]);
  });

  test("show by what they sign in, since when and by whose word, and what waits and can be stopped", {
    tags: ["long"],
  }, async ({ browser }) => {
    const { auth, database, facts } = site.live.test;
    const known = { phoneNumber: "+905321230077", email: "grace@example.com" };
    const person = await site.create({ ...known, profile: { firstName: "Grace" } });
    await database.query(
      "update latchkey.users set email_vouched_at = null, email_proved_at = latchkey.now() where id = $1",
      [person.id],
    );
    await auth.operator.requirePasswordChange(person.username);
    await database.query(
      `insert into latchkey.pending_changes (id, user_id, session_id, kind, payload, due_at)
       select gen_random_uuid(), user_id, id, 'open_by_phone', '\\x00', latchkey.now() + interval '3 days'
       from latchkey.sessions where user_id = $1 limit 1`,
      [person.id],
    );
    for (let count = 0; count < 31; count += 1) {
      const from = { ...facts, address: `198.51.100.${count}` };
      await auth.signIn({ username: person.username, password: "wrong" }, from).catch(() => {});
    }
    // The wait of the first attempt beyond the limit would be over before it is looked at.
    await database.query(
      "update latchkey.throttles set available_at = latchkey.now() + interval '1 hour' where count >= 30",
    );
    await using window = await usual.open(browser, `/people/${person.id}`);
    const { page } = window;
    const ways = page.getByRole("region", { name: "Ways to sign in" });
    await ways.getByText("Vouched for by an administrator").waitFor();
    await ways.getByText("by the command line").waitFor();
    await ways.getByText("Proved by its owner").waitFor();
    await ways.getByText("To be replaced at the next sign-in").waitFor();
    await page.getByText("Wrong passwords for a name of this account: closed until").waitFor();
    expect(await findFaults(page)).toEqual([]);
    expect(window.violations).toEqual([]);
  });

  test("show what they may do and where each of it comes from, and since when and by whom", { tags: ["long"] }, async ({
    browser,
  }) => {
    const { auth } = site.live.test;
    await auth.operator.createGroup({ name: "Teachers", permissions: ["notes.view_note", "notes.add_note"] });
    const { id } = await site.create({ groups: ["Teachers"], permissions: ["notes.view_note", "auth.view_group"] });
    await using window = await usual.open(browser, `/people/${id}`);
    const { page } = window;
    const rights = page.getByRole("region", { name: "Permissions" });
    await expect.poll(() => rights.getByRole("listitem").count()).toBe(3);
    const row = (permission: string) => rights.getByRole("listitem").filter({ hasText: permission });
    await row("notes.add_note").getByText("By group Teachers").waitFor();
    await row("notes.view_note").getByText("Given to this account").waitFor();
    await row("notes.view_note").getByText("by the command line").waitFor();
    const groups = page.getByRole("region", { name: "Groups" });
    await groups.getByText("by the command line").waitFor();
    await groups.getByRole("button", { name: "Edit" }).click();
    await page.getByRole("checkbox", { name: "Teachers" }).uncheck({ force: true });
    await page.getByRole("button", { name: "Save" }).click();
    await groups.getByText("In no group.").waitFor();
    await page.getByRole("button", { name: "Undo" }).click();
    await groups.getByText("Teachers").waitFor();
    expect(window.violations).toEqual([]);
  });

  test("whom an import left out are shown with why and what to do, and so are those who came over without something", {
    tags: ["long"],
  }, async ({ browser }) => {
    const { id } = await site.create({ username: freshName() });
    await site.live.test.database.query(
      `insert into latchkey.imported_users (source, old_id, user_id, old_username, named_since, seen_at, issues)
       select 'django', n, case when n = 70 then $1::uuid end, 'old_' || n, now(), now(), $2
       from generate_series(1, 70) n`,
      [id, JSON.stringify([{ code: "username_shared", field: "username", decision: null }])],
    );
    await using window = await usual.open(browser, "/people");
    const { page } = window;
    await page.getByRole("link", { name: "People of other systems" }).click();
    const list = page.getByRole("region", { name: "Without an account here" });
    await list.getByText("old_1", { exact: true }).waitFor();
    await list.getByText("Username: somebody else there has it too (not decided yet)").first().waitFor();
    await list.getByText("Somebody has to decide about them in decisions.csv.").first().waitFor();
    expect(await findFaults(page)).toEqual([]);
    await page.getByRole("button", { name: "Show more" }).click();
    await expect.poll(() => list.getByText("somebody else there has it too").count()).toBe(69);
    await page.getByRole("button", { name: /^Without an account here/ }).click();
    await page.getByRole("option", { name: "Came over, not with everything" }).click();
    await page.getByRole("link", { name: "old_70" }).click();
    await page.waitForURL(`**/console/people/${id}`);
    expect(window.violations).toEqual([]);
  });

  test("are disabled with a way back, enabled, signed out, and deleted after a question", async ({ browser }) => {
    const { id, username } = await site.create({ profile: { firstName: "Leaving" } });
    await using window = await usual.open(browser, `/people/${id}`, { goesOn: true });
    const { page } = window;
    const act = async (name: string, button = name) => {
      await page.getByRole("button", { name: "Actions" }).click();
      await page.getByRole("menuitem", { name }).click();
      await page.getByRole("alertdialog").getByRole("button", { name: button }).click();
    };
    const isActive = async () => (await site.live.test.auth.users.get(id)).user.isActive;
    await page.getByRole("button", { name: /^End session/ }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "End session" }).click();
    await page.getByText("Not signed in anywhere.").waitFor();
    await act("Disable");
    await page.getByRole("button", { name: "Undo" }).click();
    await expect.poll(isActive).toBe(true);
    await act("Delete");
    await page.waitForURL("**/console/people");
    await expect(site.live.test.auth.users.get(id)).rejects.toMatchObject({ code: "not_found" });
    await move(page, `/people/${id}`);
    await page.getByText("There is no such account").waitFor();
    expect(username).toBeTruthy();
    expect(window.violations).toEqual([]);
  });
});

describe.skipIf(!isService)("the other screens", () => {
  test("show groups as a table of what each gives, and change them", { tags: ["long"] }, async ({ browser }) => {
    await using window = await usual.open(browser, "/groups", { goesOn: true });
    const { page } = window;
    await page.getByRole("button", { name: "Create group" }).click();
    await page.getByLabel("Name").fill("Readers");
    await page.locator(".check", { hasText: "notes.view_note" }).click();
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("columnheader", { name: /^Readers/ }).waitFor();
    await page.getByRole("button", { name: "Delete: Readers" }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Delete" }).click();
    await page.getByRole("columnheader", { name: /^Readers/ }).waitFor({ state: "hidden" });
    expect(window.violations).toEqual([]);
  });

  test("show the audit trail by what happened, and hand it over as a file without formulas to whoever shows that it is them", async ({
    browser,
  }) => {
    await using window = await usual.open(browser, "/audit?event=signed_in", { goesOn: true });
    const { page } = window;
    await page.getByRole("listitem").filter({ hasText: "Signed in" }).first().waitFor();
    await page.evaluate("delete window.showSaveFilePicker");
    await site.live.test.clock.advance(601);
    await page.getByRole("button", { name: "Export" }).click();
    const downloading = page.waitForEvent("download");
    await page.getByRole("button", { name: "Download" }).click();
    const confirming = page.getByRole("dialog", { name: "Confirm it is you" });
    await confirming.getByLabel("Your password").fill(password);
    await confirming.getByRole("button", { name: "Confirm", exact: true }).click();
    const download = await downloading;
    const text = await readFile(await download.path(), "utf8");
    const [head, ...lines] = text.trim().split("\r\n");
    // `trim` takes the mark of UTF-8 away.
    expect(text).toMatch(/^\uFEFF/);
    expect(head).toBe("occurredAt,event,subjectId,actorId,address,requestId,id,detail");
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.filter((line) => !line.includes(",signed_in,"))).toEqual([]);
    expect(window.violations).toEqual([]);
  });

  test("find events by time and by where they came from, which stands in no address, and write them to a file piece by piece", {
    tags: ["long"],
  }, async ({ browser }) => {
    const { database, facts } = site.live.test;
    const subject = await site.create({});
    await database.query(
      `insert into latchkey.audit_events (id, occurred_at, event, subject_id, address, detail)
       select gen_random_uuid(), timestamptz '2020-05-17 12:00Z' + n * interval '1 second', 'signed_out', $1, '203.0.113.9', '{"note":"=1+1"}'
       from generate_series(1, 2100) n`,
      [subject.id],
    );
    await using window = await openConsole(browser, site, boss, "/audit", { timezoneId: "Asia/Tokyo" });
    const { page } = window;
    await page.getByLabel("Until").fill("2020-05-17T21:00:03");
    const rows = page.getByRole("region", { name: "Audit trail" }).getByRole("listitem");
    await expect.poll(() => rows.count()).toBe(2);
    await page.getByLabel("Until").fill("");
    await page.getByLabel("IP address").fill("203.0.113.9");
    await expect.poll(() => rows.count()).toBe(50);
    expect(page.url()).not.toContain("203.0");
    expect(await findFaults(page)).toEqual([]);
    // A file that somebody chooses, as Chromium has it: here it is one of the browser's own, and no window asks for it.
    await page.evaluate(`window.showSaveFilePicker = async ({ suggestedName }) =>
      (await navigator.storage.getDirectory()).getFileHandle(suggestedName, { create: true })`);
    await page.getByRole("button", { name: "Export" }).click();
    await page.getByRole("button", { name: "Download" }).click();
    await page.getByRole("dialog").waitFor({ state: "hidden" });
    const text = await page.evaluate<string>(`(async () => {
      const file = await (await navigator.storage.getDirectory()).getFileHandle("audit.csv");
      return (await file.getFile()).text();
    })()`);
    const lines = text.trim().split("\r\n");
    expect(lines).toHaveLength(2_101);
    expect(lines.every((line, index) => index === 0 || line.includes("203.0.113.9"))).toBe(true);
    expect(facts.address).not.toBe("203.0.113.9");
    expect(window.violations).toEqual([]);
  });

  test("show the keys that sign to whoever may see them alone, who makes none", { tags: ["long"] }, async ({
    browser,
  }) => {
    const viewer = await site.create({ permissions: ["auth.view_service"] });
    await using window = await usual.open(browser, "/keys", { person: viewer });
    await window.page.getByRole("row").filter({ hasText: "Signs" }).first().waitFor();
    expect(await window.page.getByRole("button", { name: "Rotate now" }).count()).toBe(0);
  });

  test("show the keys that sign, and make a new one for whoever shows that it is them", async ({ browser }) => {
    await using window = await usual.open(browser, "/keys", { goesOn: true });
    const { page } = window;
    await page.getByText("The next one is made by itself:").waitFor();
    const rows = page.getByRole("region", { name: "Keys" }).getByRole("row");
    await expect.poll(() => rows.count()).toBe(2);
    await site.live.test.clock.advance(601);
    await page.getByRole("button", { name: "Rotate now" }).click();
    const asked = page.getByRole("alertdialog", { name: "Rotate now" });
    await asked.getByText("Somebody else knows the present keys").click();
    await asked.getByText("The new key signs at once.").waitFor();
    await asked.getByText("Somebody else knows the present keys").click();
    await asked.getByRole("button", { name: "Rotate now" }).click();
    const confirming = page.getByRole("dialog", { name: "Confirm it is you" });
    await confirming.getByLabel("Your password").fill(password);
    await confirming.getByRole("button", { name: "Confirm", exact: true }).click();
    await page.getByText("The new key is made").waitFor();
    await rows.filter({ hasText: "Published, signs soon" }).waitFor();
    expect(await rows.count()).toBe(3);
    expect(window.violations).toEqual([]);
  });

  test("show each setting with its value or its default, no secret, and what is wrong with it", async ({ browser }) => {
    await using window = await usual.open(browser, "/settings", { goesOn: true });
    const { page } = window;
    const row = (name: string) => page.getByRole("listitem").filter({ has: page.getByText(name, { exact: true }) });
    await row("ACCESS_TOKEN_LIFETIME").getByText("20m").waitFor();
    expect(await row("ACCESS_TOKEN_LIFETIME").getByText("Set", { exact: true }).count()).toBe(1);
    expect(await row("SESSION_LIFETIME").textContent()).toContain("90dDefault");
    expect(await row("LATCHKEY_SECRET").textContent()).toContain("Not shown");
    expect(await row("MESSAGES").textContent()).toContain("names no sender");
    await page.getByText("Texts of more than one part cost more.").waitFor();
    expect(await page.content()).not.toContain("n0t-shown");
    await page.getByLabel("Find a setting").fill("token life");
    const shown = page.getByRole("region", { name: "Settings" }).getByRole("listitem");
    await expect.poll(() => shown.count()).toBe(1);
    expect(window.violations).toEqual([]);
  });

  test("show the last day as charts that have their numbers as a table, and what should be mended", {
    tags: ["long"],
  }, async ({ browser }) => {
    const { query } = site.live.test.database;
    await query(
      `insert into latchkey.message_counts (key, hour, what, shard, count)
       select 'country:' || country, date_trunc('hour', latchkey.now()), what, 0, count
       from (values ('TR', 'asked', 50), ('TR', 'sent', 50), ('TR', 'delivered', 40), ('TR', 'proved', 30), ('TR', 'failed', 3),
         ('EG', 'asked', 7), ('EG', 'refused:number', 4), ('EG', 'counted', 9)) counts (country, what, count)`,
    );
    await query(
      `insert into latchkey.challenges (id, handle_hash, purpose, address, key_id, digits, created_at, next_send_at, expires_at, channel, tells_channel, state, tries)
       select gen_random_uuid(), sha256(n::text::bytea), 'sign_in', '+905320000000', 'none', 6, latchkey.now() - interval '20 seconds', latchkey.now(),
         latchkey.now() + interval '10 minutes', 'sms', true, 'failed', 1
       from generate_series(1, 21) n`,
    );
    await using window = await usual.open(browser, "", { goesOn: true });
    const { page } = window;
    await page.waitForURL("**/console/overview");
    const chart = page.getByRole("region", { name: "Sign-ins" });
    await chart.getByText("The numbers as a table").click();
    expect(await chart.getByRole("row").count()).toBe(25);
    await page.getByRole("region", { name: "Waiting to be sent" }).getByText("Webhook events").waitFor();
    await page.getByRole("button", { name: /The last 24 hours/ }).click();
    await page.getByRole("option", { name: "The last hour" }).click();
    await expect.poll(() => chart.getByRole("row").count()).toBe(13);
    const outbox = page.getByRole("region", { name: "Outbox" });
    await outbox.getByText("More than usual of late: Codes that waited longer").waitFor();
    await outbox.getByRole("listitem").getByText("Codes that waited longer 21").waitFor();
    await page.getByRole("link", { name: "Messages" }).click();
    await page.getByText("messages to phone numbers may still go out today").waitFor();
    const days = page.getByRole("region", { name: "By day" });
    await days.getByText("The numbers as a table").click();
    expect(await days.getByRole("row").count()).toBe(15);
    const today = days.getByRole("row").last().getByRole("cell");
    await expect.poll(() => today.allTextContents()).toEqual(["57", "50", "40", "30", "3", "4"]);
    await days.getByRole("button", { name: /All countries/ }).click();
    await page.getByRole("option", { name: "Egypt" }).click();
    await expect.poll(() => today.allTextContents()).toEqual(["7", "0", "0", "0", "0", "4"]);
    await page.getByRole("link", { name: "Health" }).click();
    await page.getByRole("heading", { name: "Database and keys" }).waitFor();
    await page.getByText("fsync is off").waitFor();
    expect(window.violations).toEqual([]);
  });

  test("have no fault that axe finds and nothing beside the window, on a phone and from right to left", {
    tags: ["long"],
  }, async ({ browser }) => {
    await using window = await usual.open(browser, "/people", { language: "ar", viewport: phone });
    const { page } = window;
    for (const path of ["/overview", `/people/${ada.id}`, "/messages"]) {
      await show(page, site, path);
      expect(await findFaults(page), path).toEqual([]);
      expect(await findOverflow(page), path).toEqual([]);
    }
    expect(window.violations).toEqual([]);
  });
});
