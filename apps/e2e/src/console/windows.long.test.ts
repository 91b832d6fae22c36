import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { ar } from "../../../console/src/languages/ar.ts";
import { en } from "../../../console/src/languages/en.ts";
import { tr } from "../../../console/src/languages/tr.ts";
import { browserTest, inBrowser } from "../browser/browser-test.ts";
import { isService } from "../live-server.ts";
import { desktop, findBare, findFaults, findOverflow, phone, zoomed } from "../pages/look.ts";
import type { Person } from "../permissions/accounts-in-core.ts";
import { type ConsoleSite, move, openConsole, startConsoleSite } from "./console-site.ts";
import { fillConsole } from "./much-to-show.ts";
import { allWindows, type OpenWindow, screens, wideWindows } from "./open-windows.ts";

const test = inBrowser(browserTest);

let site: ConsoleSite;
let boss: Person;
let ada: Person;
beforeAll(async () => {
  site = await startConsoleSite();
  boss = await site.create({ username: "boss", isSuperuser: true, isStaff: true });
  ada = await fillConsole(site);
});
afterAll(() => site?.[Symbol.asyncDispose]());

const looks = [
  { viewport: phone, theme: "dark", texts: ar },
  { viewport: desktop, theme: "dark", texts: en },
  { viewport: zoomed, theme: "light", texts: tr },
] as const;

/** What stands for itself in a window, and would be nothing but text in colours that somebody forces, for want of a line around it. */
const framed = ".button, .notice, .tag, .modal, .popover, .box, .toast";

/** The screens themselves, with much on them, and what is there on wide screens alone. */
const onDesktop = (): Readonly<Record<string, OpenWindow>> => ({
  ...Object.fromEntries([...screens, `people/${ada.id}`].map((path) => [path, [`/${path}`, async () => {}]])),
  ...wideWindows(en),
});

/** What is wrong in the colours that somebody forces, in the light scheme: afterwards all is as it was. */
async function findForcedFaults(page: Page): Promise<readonly string[]> {
  const theme = await page.evaluate<string>("document.documentElement.dataset.theme");
  const setTheme = (name: string) => page.evaluate(`document.documentElement.dataset.theme = "${name}"`);
  await setTheme("light");
  await page.emulateMedia({ forcedColors: "active" });
  const faults = [...(await findBare(page, framed)), ...(await findFaults(page))];
  await page.emulateMedia({ forcedColors: "none" });
  await setTheme(theme);
  return faults.map((fault) => `in forced colours: ${fault}`);
}

describe.skipIf(!isService)("every dialog, menu and list of the console", () => {
  // The wide one is tried in forced colours besides, and with it every screen.
  test.for(looks)(
    "has no fault that axe finds, and nothing that sticks out: $texts.tag, $theme, $viewport.width points",
    async ({ texts, theme, viewport }, { browser }) => {
      await using window = await openConsole(browser, site, boss, "", { language: texts.tag, theme, viewport });
      const { page } = window;
      const found: string[] = [];
      const windows = { ...(viewport === desktop && onDesktop()), ...allWindows(texts, ada) };
      for (const [name, [path, open]] of Object.entries(windows)) {
        const note = (faults: readonly string[]) => void found.push(...faults.map((fault) => `${name}: ${fault}`));
        await move(page, path);
        await open(page);
        note([...(await findFaults(page)), ...(await findOverflow(page))]);
        if (viewport === desktop) note(await findForcedFaults(page));
      }
      expect(found).toEqual([]);
      expect(window.violations).toEqual([]);
    },
  );
});
