import type { BrowserContext, Page } from "playwright-core";
import { expect } from "vitest";
import { test } from "./browser-test.ts";
import { readSessions, startSite } from "./site.ts";
import { startFront } from "./static-server.ts";
import { askWho, inPage, openTab, shows, signedIn, signedOut, signIn } from "./tab.ts";

const storage = "cookie";

async function findRefreshCookie(context: BrowserContext) {
  const cookies = await context.cookies();
  return cookies.find(({ name }) => name === "latchkey_refresh");
}

/** Runs before anything of the page's, as a script does that somebody smuggled in: it reads along with every answer. */
const eavesdrop = `
  window.answers = [];
  const send = window.fetch;
  window.fetch = async (...request) => {
    const answer = await send(...request);
    window.answers.push(await answer.clone().text(), JSON.stringify([...answer.headers]));
    return answer;
  };`;

/** What a script finds: all that is stored, all that it heard, and 10,000 things that hang on the window, nearest first. */
const rummage = `(async () => {
  const found = [document.cookie, JSON.stringify({ ...localStorage, ...sessionStorage }), ...window.answers];
  found.push(JSON.stringify(await cookieStore.getAll()), JSON.stringify(await indexedDB.databases()));
  const things = new Set([window]);
  for (const thing of things) {
    for (const key of Reflect.ownKeys(thing)) {
      try {
        const value = thing[key];
        if (typeof value === "string") found.push(value);
        else if (value && things.size < 10_000) things.add(Object(value));
      } catch {}
    }
  }
  return found.join("\\n");
})()`;

async function findBy(tab: Page, secret: string): Promise<boolean> {
  return (await tab.evaluate<string>(rummage)).includes(secret);
}

test("no script of the page finds the refresh token, neither at sign-in nor after a refresh", async ({
  open,
  site,
  context,
}) => {
  const tab = await open({ storage, intruder: eavesdrop });
  await signIn(tab);
  await shows(tab, signedIn);
  const first = await findRefreshCookie(context);
  await site.test.clock.advance(20 * 60);
  expect(await askWho(tab)).toBe("alice");
  const second = await findRefreshCookie(context);

  expect(second).toMatchObject({ httpOnly: true, sameSite: "Strict", path: "/cookie" });
  expect(second?.value).not.toBe(first?.value);
  expect(await findBy(tab, first?.value ?? "")).toBe(false);
  expect(await findBy(tab, second?.value ?? "")).toBe(false);
  expect(await findBy(tab, "alice")).toBe(true);
});

test("what makes every other device a stranger leaves its new mark in the cookie of this one", {
  tags: ["long"],
}, async ({ open, context }) => {
  const tab = await open({ storage });
  await signIn(tab);
  await shows(tab, signedIn);
  const readMark = async () => (await context.cookies()).find(({ name }) => name === "latchkey_device")?.value ?? "";
  const first = await readMark();
  await inPage(tab, ({ api }) => api.me.phone.remove.mutate());
  const second = await readMark();
  await inPage(tab, ({ api }) => api.me.devices.forget.mutate());
  const third = await readMark();
  expect(new Set([first, second, third]).size).toBe(3);
  // One device throughout: the first part of a mark is its id.
  expect(new Set([first, second, third].map((mark) => mark.slice(0, 21))).size).toBe(1);
  expect(await askWho(tab)).toBe("alice");
});

test("the same search finds a refresh token that is kept in localStorage", async ({ open }) => {
  const tab = await open({ intruder: eavesdrop });
  await signIn(tab);
  await shows(tab, signedIn);

  const { refreshToken } = JSON.parse(await tab.evaluate<string>("localStorage.latchkey"));
  expect(await findBy(tab, refreshToken)).toBe(true);
});

test("the cookie goes to /cookie and nowhere else", async ({ open, site }) => {
  const tab = await open({ storage });
  await signIn(tab);
  await shows(tab, signedIn);
  await tab.reload();
  expect(await askWho(tab)).toBe("alice");

  const withCookie = site.front.requests.filter(({ headers }) => headers.cookie).map(({ path }) => path);
  expect(withCookie).toEqual(["/cookie/trpc/token.refresh"]);
  expect(site.front.requests.map(({ path }) => path.split("?")[0])).toContain("/trpc/me.get");
});

test("a reload and a new tab find the person signed in", { tags: ["long"] }, async ({ open, site }) => {
  const here = await open({ storage });
  await signIn(here);
  await shows(here, signedIn);
  await here.reload();
  await shows(here, signedIn);
  const there = await open({ storage });
  await shows(there, signedIn);

  expect(await Promise.all([askWho(here), askWho(there)])).toEqual(["alice", "alice"]);
  expect(await readSessions(site)).toEqual([null]);
});

test("signing out in one tab signs the other out, and takes the cookie and the session with it", {
  tags: ["long"],
}, async ({ open, site, context }) => {
  const [here, there] = [await open({ storage }), await open({ storage })];
  await signIn(here);
  await shows(there, signedIn);

  await inPage(here, ({ signOut }) => signOut());
  await shows(there, signedOut);

  expect(await findRefreshCookie(context)).toBeUndefined();
  expect(await askWho(there)).toBe("token_missing");
  expect(await readSessions(site)).toEqual(["signed_out"]);
});

/** Stops all that a tab does, as browsers do with tabs in the background, until it is disposed of. */
async function putToSleep(tab: Page): Promise<AsyncDisposable> {
  const [asleep, awake] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  await tab.route("**/sleep", async (route) => {
    asleep.resolve();
    await awake.promise;
    await route.fulfill();
  });
  const sleep = tab.evaluate(`{
    const request = new XMLHttpRequest();
    request.open("GET", "/sleep", false);
    request.send();
  }`);
  await asleep.promise;
  return {
    async [Symbol.asyncDispose]() {
      awake.resolve();
      await sleep;
    },
  };
}

test("whoever signs out and in again in one tab stays signed in there, whatever a tab does that slept meanwhile", {
  tags: ["long"],
}, async ({ open, site }) => {
  const [here, there] = [await open({ storage }), await open({ storage })];
  await signIn(here);
  await shows(there, signedIn);
  expect(await askWho(there)).toBe("alice");

  await using sleep = await putToSleep(there);
  await inPage(here, ({ signOut }) => signOut());
  await signIn(here);
  await shows(here, signedIn);
  await sleep[Symbol.asyncDispose]();

  expect(await askWho(there)).toBe("alice");
  expect(await askWho(here)).toBe("alice");
  expect(await readSessions(site)).toEqual(["signed_out", null]);
});

test("a new password, chosen in one tab, signs no tab out", { tags: ["long"] }, async ({ open, site, context }) => {
  const [here, there] = [await open({ storage }), await open({ storage })];
  await signIn(here);
  await shows(there, signedIn);
  expect(await askWho(there)).toBe("alice");
  const before = await findRefreshCookie(context);
  await site.test.clock.advance(60);

  await inPage(here, ({ api }) =>
    api.me.changePassword.mutate({ currentPassword: "correct horse battery", newPassword: "staple battery horse" }),
  );

  expect((await findRefreshCookie(context))?.value).not.toBe(before?.value);
  await site.test.clock.advance(20 * 60);
  expect(await Promise.all([askWho(here), askWho(there)])).toEqual(["alice", "alice"]);
  expect(await readSessions(site)).toEqual([null]);
});

test("a refresh that is answered late puts no older cookie back over that of a reauthentication in another tab", {
  tags: ["long"],
}, async ({ open, site }) => {
  const [here, there] = [await open({ storage }), await open({ storage })];
  await signIn(here);
  await shows(there, signedIn);
  expect(await askWho(there)).toBe("alice");
  await site.test.clock.advance(20 * 60);
  expect(await askWho(here)).toBe("alice");
  const refreshed = site.front.holdAnswer("token.refresh");

  const asking = askWho(there);
  const letGo = await refreshed;
  let isShown = false;
  const showing = inPage(here, ({ api }) => api.me.reauthenticate.mutate({ password: "correct horse battery" }));
  showing.then(() => {
    isShown = true;
  }, console.error);
  // It waits for its turn, or is answered first.
  const countWaiting = () => here.evaluate("navigator.locks.query().then(({ pending }) => pending.length)");
  await expect.poll(async () => isShown || (await countWaiting()) !== 0, { timeout: 20_000 }).toBe(true);
  letGo();
  await showing;

  expect(await asking).toBe("alice");
  // What the reauthentication answered is used, so that no token from before it leads to the session any more.
  expect(await askWho(here)).toBe("alice");
  await site.test.clock.advance(20 * 60);
  expect(await Promise.all([askWho(here), askWho(there)])).toEqual(["alice", "alice"]);
  expect(await readSessions(site)).toEqual([null]);
});

/** What a page can make a browser send to an address: with leave asked for, without, and by leaving the page. */
const attacks: readonly ((address: string) => string)[] = [
  (address) =>
    `fetch("${address}", { method: "POST", credentials: "include", body: "{}",
      headers: { "content-type": "application/json" } }).catch(() => {})`,
  (address) =>
    `fetch("${address}", { method: "POST", credentials: "include", body: "{}", mode: "no-cors" }).catch(() => {})`,
  (address) =>
    `document.body.innerHTML = '<form method="post" enctype="text/plain" action="${address}"><input name="{}">';
    document.forms[0].submit()`,
];

const foreigners = [
  // Their requests have the cookie with them.
  ["another port of the same host", "127.0.0.1"],
  ["another site", "localhost"],
] as const;

// What the service itself answers them is in http/cookie-mode.test.ts, in the ordinary run.
test.for(foreigners)(
  "no request that a page of %s makes a browser send uses the cookie or harms it",
  { tags: ["long"] },
  async ([, host], { open, site, context }) => {
    const tab = await open({ storage });
    await signIn(tab);
    await shows(tab, signedIn);
    const cookie = await findRefreshCookie(context);
    await using foreign = await startFront();
    const sent = site.front.requests.length;

    for (const procedure of ["token.refresh", "token.revoke"]) {
      for (const attack of attacks) {
        const before = site.front.requests.length;
        // A page of its own for each: an attack may take the page somewhere else while the next one begins.
        const hostile = await context.newPage();
        await hostile.goto(foreign.url.replace("127.0.0.1", String(host)));
        await hostile.evaluate(attack(`${site.front.url}/cookie/trpc/${procedure}`));
        await expect.poll(() => site.front.requests.slice(before).some(({ status }) => status > 0)).toBe(true);
        await hostile.close();
      }
    }

    const received = site.front.requests.slice(sent).filter(({ path }) => path.startsWith("/cookie"));
    expect(new Set(received.map(({ status }) => status))).toEqual(new Set([405, 415]));
    expect(received.some(({ headers }) => headers.cookie)).toBe(host === "127.0.0.1");
    expect(await findRefreshCookie(context)).toEqual(cookie);
    expect(await askWho(tab)).toBe("alice");
    expect(await readSessions(site)).toEqual([null]);
  },
);

test("below a path of a proxy, a reload and a sign-out find the cookie there, and no other path gets it", {
  tags: ["long"],
}, async ({ context }) => {
  await using site = await startSite({ base: "/auth" });
  const tab = await openTab(context, site, { service: `${site.front.url}/auth`, storage });
  await signIn(tab);
  await shows(tab, signedIn);
  expect(await findRefreshCookie(context)).toMatchObject({ path: "/auth/cookie", httpOnly: true });
  await tab.reload();
  expect(await askWho(tab)).toBe("alice");

  const withCookie = site.front.requests.filter(({ headers }) => headers.cookie).map(({ path }) => path);
  expect(withCookie).toEqual(["/auth/cookie/trpc/token.refresh"]);
  await inPage(tab, ({ signOut }) => signOut());
  expect(await findRefreshCookie(context)).toBeUndefined();
  expect(await readSessions(site)).toEqual(["signed_out"]);
});

const paths = ["/cookie/", "/", "/cookie/trpc", "/cookie/trpc/token.refresh"];

test.for(paths)(
  "a second refresh cookie, set for %s by somebody else, signs nobody in as them and does not stay",
  { tags: ["long"] },
  async (path, { open, site, context }) => {
    await site.test.auth.createUser({ username: "mallory", password: "correct horse battery" });
    const own = await site.test.auth.signIn(
      { username: "mallory", password: "correct horse battery" },
      { address: null, requestId: "x", userAgent: null },
    );
    const tab = await open({ storage });
    await signIn(tab);
    await shows(tab, signedIn);
    await context.addCookies([{ name: "latchkey_refresh", value: own.refreshToken, domain: "127.0.0.1", path }]);
    await tab.reload();

    expect(await askWho(tab)).not.toBe("mallory");
    await shows(tab, signedOut);
    const left = await context.cookies();
    expect(left.filter(({ name }) => name === "latchkey_refresh")).toEqual([]);
    const said = site.logged.filter((line) => line.includes("two cookies of one name"));
    expect(said.length).toBeGreaterThan(0);
    expect(said.join("")).not.toContain(own.refreshToken);
    await signIn(tab);
    await shows(tab, signedIn);
    await tab.reload();
    expect(await askWho(tab)).toBe("alice");
  },
);
