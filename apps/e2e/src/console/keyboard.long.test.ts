import type { Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { browserTest, inBrowser } from "../browser/browser-test.ts";
import { isService } from "../live-server.ts";
import { readFocus } from "../pages/look.ts";
import type { Person } from "../permissions/accounts-in-core.ts";
import { type ConsoleSite, openConsole, show, startConsoleSite } from "./console-site.ts";

const test = inBrowser(browserTest);
let site: ConsoleSite;
let boss: Person;
let ada: Person;
beforeAll(async () => {
  site = await startConsoleSite();
  await site.live.test.auth.operator.createGroup({ name: "Teachers", permissions: ["notes.view_note"] });
  boss = await site.create({ username: "boss", isSuperuser: true, isStaff: true });
  ada = await site.create({ username: "ada", profile: { firstName: "Ada" } });
});
afterAll(() => site?.[Symbol.asyncDispose]());

/** Goes on with the tab key until it is at something, and sees it there. */
async function tabTo(page: Page, wanted: Locator): Promise<void> {
  await wanted.waitFor();
  for (let count = 0; count < 80; count += 1) {
    if ((await wanted.and(page.locator(":focus")).count()) > 0)
      return expect((await readFocus(page)).isSeen, String(wanted)).toBe(true);
    await page.keyboard.press("Tab");
  }
  throw new Error(`${wanted} is not reached`);
}

async function pressAt(page: Page, wanted: Locator, key = "Enter"): Promise<void> {
  await tabTo(page, wanted);
  await page.keyboard.press(key);
}

async function typeAt(page: Page, wanted: Locator, text: string): Promise<void> {
  await tabTo(page, wanted);
  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.type(text);
}

describe.skipIf(!isService)("with the keyboard alone", () => {
  test("somebody finds a person, changes them, takes that back, disables and enables them", async ({ browser }) => {
    await using window = await openConsole(browser, site, boss, "/people");
    const { page } = window;
    const button = (name: string) => page.getByRole("button", { name, exact: true }).first();
    const cityOf = async () => (await site.live.test.auth.users.get(ada.id)).user;
    await typeAt(page, page.getByLabel("Search", { exact: true }), "ada");
    await expect.poll(() => page.getByRole("row").count()).toBe(2);
    await pressAt(page, page.getByRole("link", { name: "Ada" }));
    await pressAt(page, button("Edit"));
    await typeAt(page, page.getByLabel("City"), "Izmir");
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").waitFor({ state: "hidden" });
    await expect.poll(async () => (await cityOf()).city).toBe("Izmir");
    await pressAt(page, button("Undo"));
    await expect.poll(async () => (await cityOf()).city).toBeNull();
    await pressAt(page, button("Actions"));
    for (let count = 0; count < 8 && (await readFocus(page)).name !== "Disable"; count += 1)
      await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await pressAt(page, page.getByRole("alertdialog").getByRole("button", { name: "Disable" }));
    await expect.poll(async () => (await cityOf()).isActive).toBe(false);
    await pressAt(page, button("Undo"));
    await expect.poll(async () => (await cityOf()).isActive).toBe(true);
    expect(window.violations).toEqual([]);
  });

  test("somebody gives rights, creates an account and a group, filters, and reads it in another language", async ({
    browser,
  }) => {
    await using window = await openConsole(browser, site, boss, `/people/${ada.id}`);
    const { page } = window;
    const button = (name: string) => page.getByRole("button", { name, exact: true });
    const groups = page.getByRole("region", { name: "Groups" });
    await pressAt(page, groups.getByRole("button", { name: "Edit" }));
    await pressAt(page, page.getByRole("checkbox", { name: "Teachers" }), "Space");
    await pressAt(page, button("Save"));
    await groups.getByText("Teachers").waitFor();
    await show(page, site, "/people");
    await pressAt(page, button("Create account"));
    await typeAt(page, page.getByRole("textbox", { name: "Username" }), "typed_by_keys");
    await page.keyboard.press("Enter");
    await pressAt(page, button("Done"));
    await page.getByRole("link", { name: "typed_by_keys" }).waitFor();
    await pressAt(page, page.getByRole("button", { name: /Status$/ }));
    await page.getByRole("listbox").waitFor();
    await page.keyboard.press("End");
    await page.keyboard.press("Enter");
    await expect.poll(() => new URL(page.url()).search).toBe("?status=staff");
    await show(page, site, "/groups");
    await pressAt(page, button("Create group"));
    await typeAt(page, page.getByLabel("Name"), "Readers");
    await page.keyboard.press("Enter");
    await page.getByRole("columnheader", { name: /^Readers/ }).waitFor();
    await pressAt(page, button("boss"));
    for (let count = 0; count < 4 && (await readFocus(page)).name !== "Türkçe"; count += 1)
      await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Gruplar" }).waitFor();
    expect(window.violations).toEqual([]);
  });
});
