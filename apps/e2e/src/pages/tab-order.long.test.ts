import { afterAll, beforeAll, describe, expect } from "vitest";
import { browserTest, inBrowser } from "../browser/browser-test.ts";
import { isService } from "../live-server.ts";
import { desktop, openPagesWindow, type PagesSite, phone, previewUrl, startPagesSite } from "./look.ts";
import { previewNames } from "./preview-names.ts";
import { findTabFaults } from "./tab-order.ts";

const test = inBrowser(browserTest);
let site: PagesSite;
beforeAll(async () => {
  site = await startPagesSite();
});
afterAll(() => site?.[Symbol.asyncDispose]());

const looks = [
  { viewport: phone, language: "ar" },
  { viewport: desktop, language: "en" },
] as const;

describe.skipIf(!isService)("with the tab key alone", () => {
  test.for(looks)(
    "everything on every page is reached in the order in which it is read, is seen there, and leads on: $language, $viewport.width points",
    async ({ viewport, language }, { browser }) => {
      await using window = await openPagesWindow(browser, { viewport });
      const { page } = window;
      const found: string[] = [];
      for (const name of await previewNames(site.live.url)) {
        await page.goto(previewUrl(site.live.url, name, language));
        found.push(...(await findTabFaults(page)).map((fault) => `${name}: ${fault}`));
        const list = page.locator("nav details:not([open]) > summary");
        if ((await list.count()) === 0 || !(await list.isVisible())) continue;
        await list.press("Enter");
        found.push(...(await findTabFaults(page)).map((fault) => `${name}, with the list of pages: ${fault}`));
      }
      expect(found).toEqual([]);
    },
  );
});
