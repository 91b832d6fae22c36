import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { test as base } from "vitest";
import { type Site, startSite } from "./site.ts";
import { leaveTab, openTab, type TabOptions } from "./tab.ts";

const executablePath = (process.env.PATH ?? "")
  .split(delimiter)
  .map((folder) => join(folder, "chromium"))
  .find((path) => existsSync(path));
const isRequired = process.env.CI === "true";

if (!executablePath && !isRequired) {
  console.error("\n*** SKIPPED: the tests in a real browser. There is no `chromium` on the PATH: install it. ***\n");
}

/** Nothing of the browser's own goes over the network, and it leaves nothing behind. */
const words = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"];

/** One for all files of this process, whose windows know nothing of one another. */
let shared: Promise<Browser> | undefined;

/** The browser, started anew where the one before has crashed: that is the fault of one test at most. */
async function findBrowser(): Promise<Browser> {
  const known = await shared?.catch(() => undefined);
  if (known?.isConnected()) return known;
  shared = startBrowser();
  return shared;
}

function startBrowser(): Promise<Browser> {
  if (!executablePath) throw new Error("There is no `chromium` on the PATH, and CI=true does without no test");
  return chromium.launch({
    executablePath,
    args: [...words, "--disable-component-update", "--disable-site-isolation-trials"],
  });
}

/** As large as the page is, since every point of it is painted without a graphics card. */
const viewport = { width: 320, height: 240 };

/** Milliseconds that a tab waits for something, on a machine that may be busy. */
const patience = 30_000;

/** A browser window without a past. */
export async function openWindow(browser: Browser): Promise<BrowserContext> {
  const context = await browser.newContext({ viewport });
  context.setDefaultTimeout(patience);
  return context;
}

const isGone = (context: BrowserContext) => !context.browser()?.isConnected();

/** One for all files of this process, with a site of its own for each test: each file's own would take a second of the processor. */
let common: BrowserContext | undefined;

/**
 * The window, opened anew where it went with its browser. Tests take it as their `context`, which is tidied up after each; a file whose tests go
 * on where the one before was tidies up at its end.
 */
export async function findWindow(): Promise<BrowserContext> {
  const browser = await findBrowser();
  if (common?.browser() === browser) return common;
  const window = await openWindow(browser);
  const tab = await window.newPage();
  staying.set(window, tab);
  leaveTab(tab);
  common = window;
  return window;
}

/** What a test leaves behind in the window goes; each site has a port of its own, so no other finds what it stored. */
export async function tidyUp(context: BrowserContext): Promise<void> {
  if (isGone(context)) return;
  const others = context.pages().filter((tab) => tab !== staying.get(context));
  await Promise.all([blankOut(staying.get(context)), ...others.map((tab) => tab.close())]);
  await context.unrouteAll({ behavior: "ignoreErrors" });
  await context.setOffline(false);
  context.setDefaultTimeout(patience);
  await Promise.all([context.clearCookies(), context.clearPermissions()]);
}

/** The tab of a window that stays, and the window with it: both are dear, since Chromium starts processes for them. */
const staying = new WeakMap<BrowserContext, Page>();

/** Leaves the tab to the next test, unless one has closed it, or it crashed or hangs. */
async function blankOut(tab: Page | undefined): Promise<void> {
  if (!tab || tab.isClosed()) return;
  try {
    await tab.unrouteAll({ behavior: "ignoreErrors" });
    await tab.evaluate("sessionStorage.clear(), localStorage.clear()").catch(() => {});
    await tab.goto("about:blank");
    await tab.emulateMedia({ reducedMotion: null });
    await tab.setViewportSize(viewport);
    leaveTab(tab);
  } catch {
    await tab.close();
  }
}

/** What each tab showed when a test failed: a wait that ends in vain tells only what was not there. */
async function describeTabs(context: BrowserContext): Promise<string> {
  const texts = context
    .pages()
    .map(async (tab) => `${tab.url()}\n${await tab.locator("body").ariaSnapshot({ timeout: 2_000 })}`);
  const described = await Promise.allSettled(texts);
  return described.map((text) => (text.status === "fulfilled" ? text.value : String(text.reason))).join("\n---\n");
}

/** See {@link test}; for tests with a site of another kind, which then need {@link inBrowser}. */
export const browserTest = base
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads from the pattern what a fixture needs
  .extend("chromium", { scope: "worker" }, async ({}, { onCleanup }) => {
    onCleanup(async () => (await shared)?.close());
    return { find: findBrowser, findWindow };
  })
  .extend("browser", ({ chromium }) => chromium.find())
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads from the pattern what a fixture needs
  .extend("site", async ({}, { onCleanup }): Promise<Site> => {
    const site = await startSite();
    onCleanup(() => site[Symbol.asyncDispose]());
    return site;
  })
  .extend("context", async ({ chromium, task }, { onCleanup }) => {
    const context = await chromium.findWindow();
    onCleanup(async () => {
      if (task.result?.state === "fail") console.error(`"${task.name}" failed at\n${await describeTabs(context)}`);
      await tidyUp(context);
    });
    return context;
  })
  .extend(
    "open",
    ({ context, site }) =>
      (options?: TabOptions): Promise<Page> =>
        openTab(context, site, options),
  );

/** Without Chromium, tests are skipped with a loud line, and fail where `CI=true`. */
export const inBrowser = <Test extends { skip: unknown }>(test: Test) =>
  // `skipIf` would say of each that it is not skipped, against what its tag says.
  (executablePath || isRequired ? test : test.skip) as Test;

/** A test in headless Chromium: a site of its own, and a window without a past, in which `open` opens tabs. */
export const test = inBrowser(browserTest);
