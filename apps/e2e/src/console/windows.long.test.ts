import { afterAll, beforeAll, describe, expect } from "vitest";
import { ar } from "../../../console/src/languages/ar.ts";
import { en } from "../../../console/src/languages/en.ts";
import { tr } from "../../../console/src/languages/tr.ts";
import { browserTest, inBrowser } from "../browser/browser-test.ts";
import { isService } from "../live-server.ts";
import { desktop, findBare, findFaults, findOverflow, phone, zoomed } from "../pages/look.ts";
import type { Person } from "../permissions/accounts-in-core.ts";
import { type ConsoleSite, openConsole, show, startConsoleSite } from "./console-site.ts";
import { fillConsole } from "./much-to-show.ts";
import { allWindows, wideWindows } from "./open-windows.ts";

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

describe.skipIf(!isService)("every dialog, menu and list of the console", () => {
  test.for(looks)(
    "has no fault that axe finds, and nothing that sticks out: $texts.tag, $theme, $viewport.width points",
    async ({ texts, theme, viewport }, { browser }) => {
      await using window = await openConsole(browser, site, boss, "", { language: texts.tag, theme, viewport });
      const { page } = window;
      const found: string[] = [];
      const windows = { ...allWindows(texts, ada), ...(viewport === desktop && wideWindows(texts)) };
      for (const [name, [path, open]] of Object.entries(windows)) {
        await show(page, site, path);
        await open(page);
        const faults = [...(await findFaults(page)), ...(await findOverflow(page))];
        found.push(...faults.map((fault) => `${name}: ${fault}`));
      }
      expect(found).toEqual([]);
      expect(window.violations).toEqual([]);
    },
  );

  test("is to be seen in the colours that somebody forces, and so is every screen", async ({ browser }) => {
    await using window = await openConsole(browser, site, boss, "", { forcedColors: "active" });
    const { page } = window;
    const screens = [
      "overview",
      "people",
      "people/imported",
      `people/${ada.id}`,
      "groups",
      "messages",
      "audit",
      "keys",
      "settings",
      "health",
    ];
    const windows = [
      ...screens.map((path) => [path, [`/${path}`, async () => {}]] as const),
      ...Object.entries({ ...allWindows(en, ada), ...wideWindows(en) }),
    ];
    const found: string[] = [];
    for (const [name, [path, open]] of windows) {
      await show(page, site, path);
      await open(page);
      const faults = [...(await findBare(page, framed)), ...(await findFaults(page))];
      found.push(...faults.map((fault) => `${name}: ${fault}`));
    }
    expect(found).toEqual([]);
  });
});
