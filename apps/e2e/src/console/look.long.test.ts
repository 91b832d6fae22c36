import { afterAll, beforeAll, describe, expect } from "vitest";
import { browserTest, inBrowser } from "../browser/browser-test.ts";
import { isService } from "../live-server.ts";
import { desktop, findFaults, findOverflow, phone, zoomed } from "../pages/look.ts";
import type { Person } from "../permissions/accounts-in-core.ts";
import { type ConsoleSite, openConsole, show, startConsoleSite } from "./console-site.ts";

const test = inBrowser(browserTest);
let site: ConsoleSite;
let ada: Person;
let principals: Readonly<Record<string, Person>>;
beforeAll(async () => {
  site = await startConsoleSite();
  ada = await site.create({ username: "ada", profile: { firstName: "Ada", lastName: "Yılmaz" } });
  principals = {
    superuser: await site.create({ isSuperuser: true, isStaff: true }),
    support: await site.create({ permissions: ["auth.view_user", "auth.change_user", "auth.view_auditevent"] }),
    groups: await site.create({ permissions: ["auth.view_group", "auth.change_group"] }),
    nobody: await site.create({}),
  };
});
afterAll(() => site?.[Symbol.asyncDispose]());

/** Each size, scheme and direction with each other. */
const looks = [
  { viewport: phone, theme: "light", language: "en" },
  { viewport: phone, theme: "dark", language: "ar" },
  { viewport: desktop, theme: "dark", language: "en" },
  { viewport: desktop, theme: "light", language: "ar" },
  { viewport: phone, theme: "light", language: "tr" },
  { viewport: zoomed, theme: "light", language: "tr" },
] as const;

/** Whoever sees everything sees it in each look; of what less is there for the others, a size, a scheme and a direction of each kind tell. */
const [, phoneDarkArabic, desktopDark, , , zoomedLight] = looks;
const each = [
  ...looks.map((look) => ({ ...look, kind: "superuser" as const })),
  ...(["support", "groups", "nobody"] as const).flatMap((kind) =>
    [phoneDarkArabic, desktopDark, zoomedLight].map((look) => ({ ...look, kind })),
  ),
];

describe.skipIf(!isService)("every screen of the console", () => {
  test.for(each)(
    "has no fault that axe finds, and nothing that sticks out: $kind, $language, $theme, $viewport.width points",
    async ({ kind, language, theme, viewport }, { browser }) => {
      const person = principals[kind];
      if (!person) throw new Error(`There is no ${kind}`);
      await using window = await openConsole(browser, site, person, "", { language, theme, viewport });
      const paths = ["/overview", "/people", `/people/${ada.id}`, "/groups", "/messages", "/audit", "/health", "/none"];
      for (const path of paths) {
        await show(window.page, site, path);
        expect(await findFaults(window.page), path).toEqual([]);
        expect(await findOverflow(window.page), path).toEqual([]);
      }
      expect(window.violations).toEqual([]);
    },
  );
});
