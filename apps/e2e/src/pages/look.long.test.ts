import { afterAll, afterEach, beforeAll, describe, expect, vi } from "vitest";
import { browserTest, inBrowser } from "../browser/browser-test.ts";
import { isService } from "../live-server.ts";
import { openKeptLook } from "./kept-looks.ts";
import {
  desktop,
  findBare,
  findFaults,
  findOverflow,
  openPagesWindow,
  type PagesSite,
  phone,
  previewUrl,
  startPagesSite,
  zoomed,
} from "./look.ts";
import { previewNames } from "./preview-names.ts";
import { findTabFaults } from "./tab-order.ts";

const test = inBrowser(browserTest);
let site: PagesSite;
beforeAll(async () => {
  site = await startPagesSite();
});
afterAll(() => site?.[Symbol.asyncDispose]());
afterEach(() => void vi.useRealTimers());

/**
 * How each page is looked at, once it is there: each size, scheme and direction with each other. Three are kept, which have each of them: another
 * pair has the same style sheet.
 */
const looks = {
  en: [
    { viewport: phone, colorScheme: "light", isKept: true },
    { viewport: desktop, colorScheme: "dark", isKept: false },
  ],
  ar: [
    { viewport: phone, colorScheme: "dark", isKept: true },
    { viewport: desktop, colorScheme: "light", isKept: true },
  ],
} as const;

async function openLooks(language: keyof typeof looks) {
  const folder = new URL("looks/", import.meta.url);
  const opened = looks[language].map(async ({ isKept, ...look }) => {
    const name = `${look.viewport === phone ? "phone" : "desktop"}-${language}-${look.colorScheme}`;
    return { ...look, name, kept: isKept ? await openKeptLook(folder, name) : null };
  });
  return Promise.all(opened);
}

describe.skipIf(!isService)("every page and state", () => {
  // To go to a page takes as long as two looks at it, so that it is looked at in every way before the next.
  test.for(["en", "ar"] as const)(
    "has no fault that axe finds and nothing that sticks out, is seen in forced colours, looks as it was kept, and is read in the order of the tab key: %s",
    async (language, { browser }) => {
      await using window = await openPagesWindow(browser);
      const { page } = window;
      const all = await openLooks(language);
      const found: string[] = [];
      // The preview tells of times before and after now: at another hour they are longer or shorter, and break elsewhere.
      vi.useFakeTimers({ now: new Date("2026-11-25T09:34:00Z"), toFake: ["Date"] });
      for (const name of await previewNames(site.live.url)) {
        const note = (how: string, faults: readonly string[]) =>
          void found.push(...faults.map((fault) => `${name}, ${how}: ${fault}`));
        await page.goto(previewUrl(site.live.url, name, language));
        for (const { viewport, colorScheme, name: how, kept } of all) {
          await page.setViewportSize(viewport);
          await page.emulateMedia({ colorScheme });
          note(how, (await kept?.compare(page, name)) ?? []);
          note(how, [...(await findFaults(page)), ...(await findOverflow(page))]);
        }
        await page.setViewportSize(zoomed);
        note("at 400 %", await findOverflow(page));
        await page.emulateMedia({ forcedColors: "active" });
        note("in forced colours", await findBare(page));
        await page.emulateMedia({ forcedColors: "none" });
        await page.setViewportSize(language === "ar" ? phone : desktop);
        note("with the tab key alone", await findTabFaults(page));
      }
      // Whoever has looked at it keeps it: LOOKS=keep, and LOOKS_FOLDER for pictures.
      for (const { name, kept } of all)
        found.push(...((await kept?.finish()) ?? []).map((state) => `${name}: ${state}`));
      expect(found).toEqual([]);
      expect(window.violations).toEqual([]);
    },
  );

  test("needs no scrolling to and fro at 400 %, in other languages with long words", async ({ browser }) => {
    await using window = await openPagesWindow(browser, { viewport: zoomed });
    for (const name of await previewNames(site.live.url)) {
      for (const language of ["tr", "es", "fr"]) {
        await window.page.goto(previewUrl(site.live.url, name, language), { waitUntil: "domcontentloaded" });
        expect(await findOverflow(window.page), `${name} in ${language}`).toEqual([]);
      }
    }
  });

  test("is the same without a script, but for what only a script can do", async ({ browser }) => {
    await using plain = await openPagesWindow(browser, { javaScriptEnabled: false });
    for (const name of await previewNames(site.live.url)) {
      await plain.page.goto(previewUrl(site.live.url, name, "en"));
      expect(await plain.page.getByRole("heading", { level: 1 }).count(), name).toBe(1);
      expect(await plain.page.getByRole("button", { disabled: true }).count(), name).toBe(0);
    }
  });
});
