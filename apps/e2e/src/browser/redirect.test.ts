import { afterAll, beforeAll, beforeEach, expect } from "vitest";
import {
  type AppSite,
  countSessions,
  password,
  press,
  serveApp,
  shows,
  signInOnPages,
  startAppSite,
  takeAppWindow,
} from "./app-site.ts";
import { browserTest, inBrowser } from "./browser-test.ts";

const test = inBrowser(browserTest);
let site: AppSite;
beforeAll(async () => {
  site = await startAppSite();
});
afterAll(() => site?.[Symbol.asyncDispose]());
beforeEach(() => site.test.database.query("delete from latchkey.sessions"));

test("an app on another site signs in, by the pages, somebody who presses a button on its page", async ({
  context,
}) => {
  await using window = await takeAppWindow(context, site);
  const { page } = window;
  await page.goto(site.app);
  await press(page, "Sign in");
  await page.waitForURL(`${site.service}/sign-in?*`);
  await signInOnPages(page);
  await page.getByRole("heading", { name: "Continue as alice?" }).waitFor();
  await press(page, "Continue");
  await shows(page, "Signed in as alice, to /orders");
  expect(page.url()).toBe(site.app);
  expect(await countSessions(site, "shop")).toEqual([null]);
  expect(window.violations).toEqual([]);
});

test("an app whose page stays signs in by a second window, which cannot reach it, and it is signed in as well", {
  tags: ["long"],
}, async ({ context }) => {
  await using window = await takeAppWindow(context, site);
  const { page } = window;
  await page.goto(site.app);
  const [beside] = await Promise.all([context.waitForEvent("page"), press(page, "Sign in beside")]);
  await serveApp(beside, site, { scripts: true });
  await beside.waitForURL(`${site.service}/sign-in?*`);
  expect(await beside.evaluate("window.opener")).toBeNull();
  await signInOnPages(beside);
  await press(beside, "Continue");
  await shows(beside, "Signed in as alice, to /orders");
  expect(await beside.evaluate("window.opener")).toBeNull();
  await page.reload();
  await shows(page, "Signed in as alice");
  expect(await countSessions(site, "shop")).toEqual([null]);
});

test("a page of the service's own origin takes over the session that the pages have opened, and nobody's where there is none", async ({
  context,
}) => {
  await using window = await takeAppWindow(context, site);
  const { page } = window;
  await page.goto(`${site.service}/own`);
  await shows(page, "nobody");
  // As the form of the pages does it, which is gone through above.
  const form = JSON.stringify({ form: "1", username: "alice", password });
  await page.evaluate(`fetch("/cookie/sign-in", { method: "POST", body: new URLSearchParams(${form}) })`);
  await page.reload();
  await shows(page, "alice, alice");
  expect(await page.evaluate("document.cookie")).toBe("");
  await page.reload();
  await shows(page, "alice, alice");
  expect(await countSessions(site, null)).toEqual([null]);
  await press(page, "Sign out");
  await shows(page, "nobody");
  const asked = await page.evaluate<string>('fetch("/account").then(({ url }) => url)');
  expect(new URL(asked).pathname).toBe("/sign-in");
});
