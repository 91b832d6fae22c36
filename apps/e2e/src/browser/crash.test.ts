import { expect } from "vitest";
import { browserTest, inBrowser } from "./browser-test.ts";

// The tests' own browser: one that crashes is the fault of one test, and not of all that come after it.

const test = inBrowser(browserTest);

test("a browser that crashes takes its window along", { tags: ["long"] }, async ({ browser, context }) => {
  const session = await browser.newBrowserCDPSession();
  await session.send("Browser.crash").catch(() => {});
  await expect.poll(() => browser.isConnected()).toBe(false);
  expect(context.pages()).toEqual([]);
});

test("the next test has another, with a window of its own", { tags: ["long"] }, async ({ browser, context }) => {
  expect(browser.isConnected()).toBe(true);
  const tab = await context.newPage();
  expect(await tab.evaluate("6 * 7")).toBe(42);
});
