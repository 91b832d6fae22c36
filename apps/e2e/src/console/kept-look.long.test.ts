import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { ar } from "../../../console/src/languages/ar.ts";
import { en } from "../../../console/src/languages/en.ts";
import { browserTest, inBrowser } from "../browser/browser-test.ts";
import { isService } from "../live-server.ts";
import { openKeptLook } from "../pages/kept-looks.ts";
import { desktop, phone } from "../pages/look.ts";
import type { Person } from "../permissions/accounts-in-core.ts";
import { type ConsoleSite, move, openConsole, settings, show, startConsoleSite } from "./console-site.ts";
import { fillConsole } from "./much-to-show.ts";
import { screens, shownWindows } from "./open-windows.ts";

const test = inBrowser(browserTest);

const noon = new Date("2030-11-25T12:30:00Z");

let site: ConsoleSite;
let boss: Person;
let stranger: Person;
let ada: Person;
beforeAll(async () => {
  site = await startConsoleSite({ ...settings, settings: settings.settings.slice(0, 8) });
  // At another hour times are longer or shorter, and break elsewhere.
  const { clock } = site.live.test;
  await clock.advance((noon.getTime() - clock.now().getTime()) / 1_000);
  boss = await site.create({ username: "boss", isSuperuser: true, isStaff: true });
  stranger = await site.create({ username: "stranger" });
  ada = await fillConsole(site);
});
afterAll(() => site?.[Symbol.asyncDispose]());

/** Few, and among them each size, scheme and direction. */
const looks = [
  { viewport: phone, theme: "light", texts: en },
  { viewport: phone, theme: "dark", texts: ar },
  { viewport: desktop, theme: "dark", texts: en },
] as const;

describe.skipIf(!isService)("the console", () => {
  test.for(looks)(
    "looks as it was kept: $texts.tag, $theme, $viewport.width points",
    async ({ texts, theme, viewport }, { browser }) => {
      const name = `${viewport === phone ? "phone" : "desktop"}-${texts.tag}-${theme}`;
      const look = await openKeptLook(new URL("looks/", import.meta.url), name);
      const found: string[] = [];
      const compare = async (page: Page, state: string) => {
        found.push(...(await look.compare(page, state)).map((difference) => `${state}: ${difference}`));
      };
      const options = { language: texts.tag, theme, viewport, now: noon };
      await using window = await openConsole(browser, site, boss, "", options);
      const { page } = window;
      for (const path of screens) {
        await move(page, `/${path}`);
        await compare(page, path.replace("/", "-"));
      }
      await move(page, `/people/${ada.id}`);
      await compare(page, "person");
      for (const [state, [path, open]] of Object.entries(shownWindows(texts, ada))) {
        await move(page, path);
        await open(page);
        await compare(page, state);
      }
      await show(page, site, "/none");
      await compare(page, "not-found");
      await page.route("**/trpc/**", (route) => route.abort("connectionrefused"));
      await page.goto(`${site.live.url}/console/health`);
      await page.getByText(texts.away.title).first().waitFor();
      await compare(page, "away");
      await page.unroute("**/trpc/**");
      await using other = await openConsole(browser, site, stranger, "", options);
      await compare(other.page, "stranger");
      // Whoever has looked at it keeps it: LOOKS=keep, and LOOKS_FOLDER for pictures.
      expect([...found, ...(await look.finish())]).toEqual([]);
      expect([...window.violations, ...other.violations]).toEqual([]);
    },
  );
});
