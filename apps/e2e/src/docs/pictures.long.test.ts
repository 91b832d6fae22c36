import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { describe, expect } from "vitest";
import { browserTest, inBrowser } from "../browser/browser-test.ts";
import { openConsole, settings, show, startConsoleSite } from "../console/console-site.ts";
import { fillConsole } from "../console/much-to-show.ts";
import { isService } from "../live-server.ts";
import { openKeptLook } from "../pages/kept-looks.ts";
import { openPagesWindow, previewUrl, startPagesSite } from "../pages/look.ts";
import { root } from "./documents.ts";

const test = inBrowser(browserTest);
const folder = new URL("looks/", import.meta.url);
const isKeeping = process.env.LOOKS === "keep";

/** At another hour times are longer or shorter, and break elsewhere. */
const noon = new Date("2030-11-25T12:30:00Z");

/** What is to be seen in a picture, part by part from the left: `LOOKS=keep` takes it anew, and otherwise it has to look as it did then. */
async function openPicture(name: string) {
  const look = await openKeptLook(folder, name);
  const parts: Buffer[] = [];
  const found: string[] = [];
  return {
    async add(page: Page, part: string): Promise<void> {
      found.push(...(await look.compare(page, part)).map((difference) => `${part}: ${difference}`));
      if (isKeeping) parts.push(await page.screenshot());
    },
    /** What is no longer as in the picture. */
    async finish(browser: Browser): Promise<string[]> {
      if (isKeeping) await writeFile(join(root, `docs/images/${name}.png`), await frame(browser, parts));
      return [...found, ...(await look.finish())];
    },
  };
}

/** One picture of several, each as a sheet on the same ground. */
async function frame(browser: Browser, parts: readonly Buffer[]): Promise<Buffer> {
  await using window = await openPagesWindow(browser, { viewport: { width: 1400, height: 900 } });
  const sheets = parts.map((part) => `<img alt="" src="data:image/png;base64,${part.toString("base64")}">`);
  await window.page.setContent(`<style>
    body { margin: 0; display: inline-flex; gap: 24px; padding: 24px; background: #cfc9c1 }
    img { border-radius: 14px; box-shadow: 0 2px 8px rgb(0 0 0 / .18) }
    </style>${sheets.join("")}`);
  return await window.page.locator("body").screenshot();
}

describe.skipIf(!isService)("the pictures in the documentation show", () => {
  test("the pages as they are", async ({ browser }) => {
    // With every place of the account, that of passkeys too.
    await using site = await startPagesSite({ passkeys: { rpId: "localhost", allowsLocalhost: true } });
    const pages = await openPicture("pages");
    for (const [name, language, colorScheme] of [
      ["sign-in", "en", "light"],
      ["code", "en", "dark"],
      ["devices", "ar", "light"],
    ] as const) {
      await using window = await openPagesWindow(browser, { viewport: { width: 360, height: 600 }, colorScheme });
      await window.page.goto(previewUrl(site.live.url, name, language));
      if (name === "code") await window.page.getByLabel("Code", { exact: true }).fill("481902");
      await pages.add(window.page, name);
    }
    await using window = await openPagesWindow(browser, { viewport: { width: 1010, height: 680 } });
    const account = await openPicture("account");
    await window.page.goto(previewUrl(site.live.url, "profile", "tr"));
    await account.add(window.page, "profile");
    expect([...(await pages.finish(browser)), ...(await account.finish(browser))]).toEqual([]);
  });

  test("the console as it is", async ({ browser }) => {
    await using site = await startConsoleSite({ ...settings, settings: settings.settings.slice(0, 8) });
    const { clock } = site.live.test;
    await clock.advance((noon.getTime() - clock.now().getTime()) / 1_000);
    const boss = await site.create({ username: "boss", isSuperuser: true, isStaff: true });
    const { id } = await fillConsole(site);
    for (const [name, path, look] of [
      ["console", `/people/${id}`, { viewport: { width: 1280, height: 1000 } }],
      ["console-overview", "/overview", { viewport: { width: 1280, height: 1000 } }],
      ["console-settings", "/settings", { viewport: { width: 360, height: 760 }, language: "ar", theme: "dark" }],
    ] as const) {
      const picture = await openPicture(name);
      await using window = await openConsole(browser, site, boss, "", { now: noon, ...look });
      await show(window.page, site, path);
      await picture.add(window.page, name);
      expect(await picture.finish(browser)).toEqual([]);
    }
  });
});
