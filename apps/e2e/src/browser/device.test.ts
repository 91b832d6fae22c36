import { shareOut } from "@latchkey/auth/testing";
import { expect } from "vitest";
import { onlyTheMark } from "../sdk/sdk-process.ts";
import { openWindow, test } from "./browser-test.ts";
import { readSessions, readStatuses } from "./site.ts";
import { askWho, inPage, openTab, shows, signedIn, signIn, type TabOptions } from "./tab.ts";

const modes: readonly [string, TabOptions][] = [
  ["localStorage", {}],
  ["a cookie", { storage: "cookie" }],
];
/** What a hotel's network answers in place of everything, until one has agreed to its terms. */
const portal = { status: 200, contentType: "text/html", body: "<!doctype html><title>Welcome to our Wi-Fi</title>" };

for (const { tags, cases } of shareOut(modes, 2))
  test.for(cases)(
    "with the session in %s, who is offline stays signed in and goes on when the network is back",
    { tags },
    async ([, mode], { open, site, context }) => {
      const tab = await open(mode);
      await signIn(tab);
      await shows(tab, signedIn);

      await context.setOffline(true);
      expect(await askWho(tab)).toBe("no answer");
      await context.setOffline(false);
      expect(await askWho(tab)).toBe("alice");

      await site.test.clock.advance(20 * 60);
      await context.setOffline(true);
      expect(await askWho(tab)).toBe("no answer");
      await shows(tab, signedIn);
      await context.setOffline(false);
      await expect.poll(() => askWho(tab)).toBe("alice");
      expect(await readSessions(site)).toEqual([null]);
    },
  );

for (const { tags, cases } of shareOut(modes, 2))
  test.for(cases)(
    "with the session in %s, the page of a captive portal in place of every answer signs nobody out",
    { tags },
    async ([, mode], { open, site, context }) => {
      const tab = await open(mode);
      await signIn(tab);
      await shows(tab, signedIn);
      await context.route("**/trpc/**", (route) => route.fulfill(portal));

      expect(await askWho(tab)).toBe("no answer");
      await tab.reload();
      // The browser keeps the id of the person alone, so that who it is shows once the service answers.
      await shows(tab, "…");
      expect(await askWho(tab)).toBe("no answer");
      await shows(tab, "…");

      await context.unrouteAll();
      await expect.poll(() => askWho(tab)).toBe("alice");
      expect(await readSessions(site)).toEqual([null]);
    },
  );

test("a refresh whose answer is lost on the way signs nobody out, and opens no second session", {
  tags: ["long"],
}, async ({ open, site, context }) => {
  const tab = await open();
  await signIn(tab);
  await shows(tab, signedIn);
  await site.test.clock.advance(20 * 60);
  await context.route(
    "**/token.refresh",
    async (route) => {
      await route.fetch();
      await route.abort();
    },
    { times: 1 },
  );

  expect(await askWho(tab)).toBe("no answer");
  await expect.poll(() => askWho(tab)).toBe("alice");
  expect(await readSessions(site)).toEqual([null]);
});

test("who signs out without a network is signed out here", { tags: ["long"] }, async ({ open, context }) => {
  const tab = await open();
  await signIn(tab);
  await shows(tab, signedIn);
  await context.setOffline(true);

  await inPage(tab, ({ signOut }) => signOut());

  await shows(tab, "Signed out");
  expect(await tab.evaluate("Object.values(localStorage)")).toEqual([onlyTheMark]);
});

const day = 24 * 60 * 60 * 1000;
const clocks = [
  ["a day behind", -day],
  ["a day ahead", day],
] as const;

for (const { tags, cases } of shareOut(clocks, 2))
  test.for(cases)(
    "on a device whose clock is %s, a token is used while it lives and renewed before it is refused",
    { tags },
    async ([, error], { browser, site }) => {
      await using context = await openWindow(browser);
      await context.clock.install({ time: Date.now() + error });
      const tab = await openTab(context, site);
      await signIn(tab);
      await shows(tab, signedIn);
      expect(await askWho(tab)).toBe("alice");
      expect(readStatuses(site.front, "token.refresh")).toEqual([]);

      await Promise.all([site.test.clock.advance(16 * 60), context.clock.fastForward("16:00")]);

      expect(await askWho(tab)).toBe("alice");
      expect(readStatuses(site.front, "token.refresh")).toEqual([200]);
      expect(readStatuses(site.front, "me.get")).toEqual([200, 200]);
    },
  );

// The ordinary run tries it without a browser: `sdk/bad-network`.
test.for(clocks)(
  "a device's clock that jumps, when it is right, to %s stops nobody",
  { tags: ["long"] },
  async ([, error], { browser, site }) => {
    await using context = await openWindow(browser);
    await context.clock.install();
    const tab = await openTab(context, site);
    await signIn(tab);
    await shows(tab, signedIn);

    await context.clock.setSystemTime(Date.now() + error);
    expect(await askWho(tab)).toBe("alice");
    await site.test.clock.advance(16 * 60);
    expect(await askWho(tab)).toBe("alice");
    expect(await readSessions(site)).toEqual([null]);
  },
);
