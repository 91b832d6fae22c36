import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { browserTest, inBrowser } from "../browser/browser-test.ts";
import { isService } from "../live-server.ts";
import { desktop, findFaults, findOverflow, phone, readFocus, zoomed } from "../pages/look.ts";
import type { Person } from "../permissions/accounts-in-core.ts";
import { type ConsoleSite, move, openConsole, show, startConsoleSite } from "./console-site.ts";

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

const paths = () => [
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
];

/** How a screen is looked at, once it is there. */
interface Look {
  readonly viewport: { readonly width: number; readonly height: number };
  readonly theme: "light" | "dark";
}

/** Each size, scheme and direction with each other, for whoever sees the most. Everybody else sees parts of the same. */
const looks: readonly { readonly kind: string; readonly language: string; readonly looks: readonly Look[] }[] = [
  {
    kind: "superuser",
    language: "en",
    looks: [
      { viewport: phone, theme: "light" },
      { viewport: desktop, theme: "dark" },
    ],
  },
  {
    kind: "superuser",
    language: "ar",
    looks: [
      { viewport: phone, theme: "dark" },
      { viewport: desktop, theme: "light" },
    ],
  },
  {
    kind: "superuser",
    language: "tr",
    looks: [
      { viewport: phone, theme: "light" },
      { viewport: zoomed, theme: "light" },
    ],
  },
  { kind: "superuser", language: "pt-BR", looks: [{ viewport: zoomed, theme: "dark" }] },
  { kind: "superuser", language: "hi", looks: [{ viewport: phone, theme: "light" }] },
  { kind: "viewer", language: "ar", looks: [{ viewport: phone, theme: "dark" }] },
  { kind: "changer", language: "en", looks: [{ viewport: desktop, theme: "dark" }] },
];

/** Shows what is there in another size and scheme, which the console sets as this does. */
async function lookAt(page: Page, { viewport, theme }: Look): Promise<readonly string[]> {
  await page.setViewportSize(viewport);
  await page.evaluate(`document.documentElement.dataset.theme = "${theme}"`);
  const faults = [...(await findFaults(page)), ...(await findOverflow(page))];
  return faults.map((fault) => `${theme}, ${viewport.width} points: ${fault}`);
}

describe.skipIf(!isService)("every screen of the console", () => {
  test.for(looks)(
    "has no fault that axe finds, and nothing that sticks out: $kind, $language",
    async ({ kind, language, looks }, { browser }) => {
      await using window = await openConsole(browser, site, principals[kind] as Person, "", { language });
      const { page } = window;
      const found: string[] = [];
      for (const path of [...paths(), "/none"]) {
        await (path === "/none" ? show(page, site, path) : move(page, path));
        for (const look of looks) found.push(...(await lookAt(page, look)).map((fault) => `${path}, ${fault}`));
      }
      expect(found).toEqual([]);
      expect(window.violations).toEqual([]);
    },
  );

  test("shows one page to whoever may do nothing, wherever they go, without a fault", async ({ browser }) => {
    await using window = await openConsole(browser, site, principals.nobody as Person, "", { language: "ar" });
    for (const path of ["/health", "/none"]) {
      await show(window.page, site, path);
      expect(await lookAt(window.page, { viewport: phone, theme: "dark" }), path).toEqual([]);
    }
    expect(window.violations).toEqual([]);
  });

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
