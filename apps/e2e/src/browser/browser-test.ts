import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { test as base } from "vitest";
import { type Site, startSite } from "./site.ts";
import { openTab, type TabOptions } from "./tab.ts";

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

function startBrowser(): Promise<Browser> {
  if (!executablePath) throw new Error("There is no `chromium` on the PATH, and CI=true does without no test");
  return chromium.launch({ executablePath, args: [...words, "--disable-component-update", "--disable-sync"] });
}

async function openContext(browser: Browser): Promise<BrowserContext> {
  const context = await browser.newContext();
  context.setDefaultTimeout(10_000);
  return context;
}

const browserTest = base
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads from the pattern what a fixture needs
  .extend("browser", { scope: "file" }, async ({}, { onCleanup }) => {
    const browser = await startBrowser();
    onCleanup(() => browser.close());
    return browser;
  })
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads from the pattern what a fixture needs
  .extend("site", async ({}, { onCleanup }): Promise<Site> => {
    const site = await startSite();
    onCleanup(() => site[Symbol.asyncDispose]());
    return site;
  })
  .extend("context", async ({ browser }, { onCleanup }) => {
    const context = await openContext(browser);
    onCleanup(() => context.close());
    return context;
  })
  .extend(
    "open",
    ({ context, site }) =>
      (options?: TabOptions): Promise<Page> =>
        openTab(context, site, options),
  );

/**
 * A test in headless Chromium: a site of its own, and a browser without a past whose tabs `open` opens. Without Chromium it is
 * skipped with a loud line, and fails where `CI=true`.
 */
export const test = browserTest.skipIf(!executablePath && !isRequired);
