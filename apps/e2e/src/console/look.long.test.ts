import { afterAll, beforeAll, describe, expect } from "vitest";
import { browserTest, inBrowser } from "../browser/browser-test.ts";
import { isService } from "../live-server.ts";
import { desktop, findFaults, findOverflow, phone, readFocus, zoomed } from "../pages/look.ts";
import type { Person } from "../permissions/accounts-in-core.ts";
import { type ConsoleSite, openConsole, show, startConsoleSite } from "./console-site.ts";

const test = inBrowser(browserTest);
const views = ["user", "group", "auditevent", "service", "setting", "contact"].map((name) => `auth.view_${name}`);
const changes = ["auth.add_user", "auth.change_user", "auth.delete_user", "auth.change_group", "auth.rotate_key"];

/** What changes something, by the names of its buttons in English. */
const acts = /^(Actions|Edit|Create account|Create group|Rotate now|End session|End all sessions|Unlock|Stop)$/;

let site: ConsoleSite;
let ada: Person;
let principals: Readonly<Record<string, Person>>;
beforeAll(async () => {
  site = await startConsoleSite();
  ada = await site.create({ username: "ada", profile: { firstName: "Ada", lastName: "Yılmaz" } });
  principals = {
    superuser: await site.create({ isSuperuser: true, isStaff: true }),
    viewer: await site.create({ isStaff: true, permissions: views }),
    changer: await site.create({ isStaff: true, permissions: [...views, ...changes] }),
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
  { viewport: zoomed, theme: "dark", language: "pt-BR" },
  { viewport: phone, theme: "light", language: "hi" },
] as const;

/** Whoever sees the most in all looks, and everybody else, who sees parts of the same, in one. */
const each = [
  ...looks.map((look) => ({ ...look, kind: "superuser" })),
  { ...looks[1], kind: "viewer" },
  { ...looks[2], kind: "changer" },
  { ...looks[1], kind: "nobody" },
];

describe.skipIf(!isService)("every screen of the console", () => {
  test.for(each)(
    "has no fault that axe finds, and nothing that sticks out: $kind, $language, $theme, $viewport.width points",
    async ({ kind, language, theme, viewport }, { browser }) => {
      const person = principals[kind];
      if (!person) throw new Error(`There is no ${kind}`);
      await using window = await openConsole(browser, site, person, "", { language, theme, viewport });
      const paths = [
        "/overview",
        "/people",
        "/people/imported",
        `/people/${ada.id}`,
        "/groups",
        "/messages",
        "/audit",
        "/keys",
        "/settings",
        "/health",
        "/none",
      ];
      // Whoever may do nothing is shown the same page wherever they go.
      for (const path of kind === "nobody" ? paths.slice(-2) : paths) {
        await show(window.page, site, path);
        expect(await findFaults(window.page), path).toEqual([]);
        expect(await findOverflow(window.page), path).toEqual([]);
      }
      expect(window.violations).toEqual([]);
    },
  );

  test("shows nothing that changes anything to whoever may only look", async ({ browser }) => {
    const { viewer, changer } = principals;
    if (!viewer || !changer) throw new Error("They are not there");
    const count = async (person: Person) => {
      await using window = await openConsole(browser, site, person, "");
      let found = 0;
      for (const path of ["/people", `/people/${ada.id}`, "/groups", "/keys"]) {
        await show(window.page, site, path);
        found += await window.page.getByRole("button", { name: acts }).count();
      }
      return found;
    };
    expect(await count(viewer)).toBe(0);
    expect(await count(changer)).toBeGreaterThan(3);
  });

  test("can be worked with the keyboard alone, and the focus is seen and comes back", async ({ browser }) => {
    await using window = await openConsole(browser, site, principals.superuser as Person, "/people");
    const { page } = window;
    await page.getByRole("link", { name: "Ada Yılmaz" }).waitFor();
    await page.keyboard.press("Tab");
    expect(await readFocus(page)).toEqual({ name: "Skip to the content", isSeen: true });
    const goTo = async (name: string) => {
      for (let count = 0; count < 60; count += 1) {
        const focus = await readFocus(page);
        if (focus.name === name) return expect(focus.isSeen, name).toBe(true);
        await page.keyboard.press("Tab");
      }
      throw new Error(`${name} is not reached`);
    };
    await goTo("Ada Yılmaz");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Ada Yılmaz" }).waitFor();
    await goTo("Actions");
    await page.keyboard.press("Enter");
    await page.getByRole("menu").waitFor();
    await page.keyboard.press("End");
    await page.keyboard.press("Enter");
    const asked = page.getByRole("alertdialog");
    await asked.waitFor();
    // What cannot be taken back is not done by one key more.
    expect((await readFocus(page)).name).toBe("Cancel");
    await page.keyboard.press("Escape");
    await asked.waitFor({ state: "hidden" });
    await expect.poll(async () => (await readFocus(page)).name).toBe("Actions");
    expect(window.violations).toEqual([]);
  });
});
