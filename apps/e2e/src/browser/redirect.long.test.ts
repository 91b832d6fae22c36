import { describe, expect } from "vitest";
import { countSessions, openAppWindow, press, serveApp, shop, shows, signInOnPages, startAppSite } from "./app-site.ts";
import { addAuthenticator } from "./authenticator.ts";
import { browserTest, inBrowser } from "./browser-test.ts";

const test = inBrowser(browserTest);

describe.for([{ scripts: true }, { scripts: false }])(
  "an app on another site, with $scripts scripts on the pages",
  (options) => {
    test("signs somebody in who comes from the pages, once, with a clean address, over a reload, and out of itself alone", async ({
      browser,
    }) => {
      await using site = await startAppSite();
      await using window = await openAppWindow(browser, site, options);
      const { page } = window;
      await page.goto(site.app);
      await shows(page, "token_missing");
      await press(page, "Sign in");
      await page.waitForURL(`${site.service}/sign-in?*`);
      await signInOnPages(page);
      await page.getByRole("heading", { name: "Continue as alice?" }).waitFor();
      await press(page, "Continue");
      await shows(page, "Signed in as alice, to /orders");
      expect(page.url()).toBe(site.app);
      expect(await page.evaluate("document.referrer")).toBe("");
      expect(await page.evaluate("sessionStorage.length")).toBe(0);
      await page.reload();
      await shows(page, "Signed in as alice");
      await press(page, "Sign out");
      await shows(page, "Signed out");
      expect(await countSessions(site, "shop")).toEqual(["signed_out"]);
      expect(await countSessions(site, null)).toEqual([null]);

      // The pages know them still: one question, and they are back.
      await press(page, "Sign in");
      await press(page, "Cancel");
      await shows(page, "access_denied");
      await press(page, "Sign in");
      await press(page, "Continue");
      await shows(page, "Signed in as alice, to /orders");
      expect(window.violations).toEqual([]);
    });

    test("at an address that is safe asks nothing of somebody who is signed in, an access token that ran out included", async ({
      browser,
    }) => {
      await using site = await startAppSite();
      await using window = await openAppWindow(browser, site, options);
      const { page } = window;
      await page.goto(shop);
      await shows(page, "token_missing");
      await press(page, "Register");
      const number = "+905321119001";
      await page.getByLabel("Phone number").fill(number);
      await press(page, "Send me a code");
      await page.getByLabel("Code", { exact: true }).fill((await site.inbox.take(number)).code);
      await press(page, "Continue");
      await press(page, "Create an account");
      await shows(page, `Signed in as ${number}, to /orders`);
      expect(page.url()).toBe(shop);
      await press(page, "Sign out");
      await shows(page, "Signed out");
      await site.test.clock.advance(1_000);
      await press(page, "Sign in");
      await shows(page, `Signed in as ${number}, to /orders`);
      expect(await countSessions(site, "shop")).toEqual(["signed_out", null]);
      expect(window.violations).toEqual([]);
    });
  },
);

test("two tabs sign in at once, and both are signed in as one", async ({ browser }) => {
  await using site = await startAppSite();
  await using window = await openAppWindow(browser, site);
  const tabs = [window.page, await window.context.newPage()] as const;
  await serveApp(tabs[1], site, { scripts: true });
  for (const tab of tabs) {
    await tab.goto(site.app);
    await shows(tab, "token_missing");
    await press(tab, "Sign in");
    await tab.waitForURL(`${site.service}/sign-in?*`);
  }
  for (const tab of tabs) {
    await signInOnPages(tab);
    await tab.getByRole("heading", { name: "Continue as alice?" }).waitFor();
  }
  await Promise.all(tabs.map((tab) => press(tab, "Continue")));
  for (const tab of tabs) await shows(tab, "Signed in as alice, to /orders");
  for (const tab of tabs) {
    await tab.reload();
    await shows(tab, "Signed in as alice");
  }
  await expect.poll(async () => (await countSessions(site, "shop")).filter((end) => end === null)).toHaveLength(1);
});

test("a passkey on the pages leads to the app as well", async ({ browser }) => {
  await using site = await startAppSite();
  await using window = await openAppWindow(browser, site);
  const { page, context } = window;
  await addAuthenticator(context, page);
  await page.goto(`${site.service}/sign-in`);
  await signInOnPages(page);
  await page.goto(`${site.service}/account/passkeys`);
  await press(page, "Add a passkey");
  await press(page, "Create it on this device");
  await page.getByRole("heading", { name: "Recovery codes" }).waitFor();
  await page.goto(`${site.service}/account`);
  await press(page, "Sign out");
  await page.getByRole("heading", { name: "You are signed out" }).waitFor();
  await page.goto(site.app);
  await press(page, "Sign in");
  // The device answers what the browser offers with the name, before anybody presses the button.
  await press(page, "Continue");
  await shows(page, "Signed in as alice, to /orders");
  expect(window.violations).toEqual([]);
});
