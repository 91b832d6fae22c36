import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { browserTest, inBrowser } from "../browser/browser-test.ts";
import {
  type ConsoleSite,
  type KeptWindow,
  keepWindow,
  openConsole,
  startConsoleSite,
} from "../console/console-site.ts";
import { isService } from "../live-server.ts";
import { freshName, type Person } from "../permissions/accounts-in-core.ts";

const test = inBrowser(browserTest);
let site: ConsoleSite;
let boss: Person;
let usual: KeptWindow;
beforeAll(async () => {
  site = await startConsoleSite();
  boss = await site.create({ username: "boss", isSuperuser: true, isStaff: true });
  usual = keepWindow(site, boss);
});
afterAll(async () => {
  await usual?.[Symbol.asyncDispose]();
  await site?.[Symbol.asyncDispose]();
});

/** Opens the form of a person, which may be opened from the list, and types into it. */
async function beginEditing(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Edit" }).first().click();
  await page.getByLabel("City").fill("Typed before");
}

const pathOf = (page: Page) => new URL(page.url()).pathname;

describe.skipIf(!isService)("in the console", () => {
  test("a step back leaves the window on top, and not the page below it", { tags: ["long"] }, async ({ browser }) => {
    const { id, username } = await site.create({ username: freshName() });
    await using window = await openConsole(browser, site, boss, "/people");
    const { page } = window;
    await page.getByRole("link", { name: username }).click();
    await beginEditing(page);
    await site.live.test.clock.advance(601);
    await page.getByRole("textbox", { name: "Username" }).fill(freshName());
    await page.getByRole("button", { name: "Save" }).click();
    const confirming = page.getByRole("dialog", { name: "Confirm it is you" });
    await confirming.waitFor();
    await page.evaluate("history.back()");
    await confirming.waitFor({ state: "hidden" });
    expect(await page.getByLabel("City").inputValue()).toBe("Typed before");
    await page.evaluate("history.back()");
    await page.getByRole("alertdialog").getByRole("button", { name: "Close" }).click();
    await page.getByRole("dialog").waitFor({ state: "hidden" });
    await expect.poll(() => pathOf(page)).toBe(`/console/people/${id}`);
    await page.evaluate("history.back()");
    await expect.poll(() => pathOf(page)).toBe("/console/people");
    expect(window.violations).toEqual([]);
  });

  test("Escape closes a window in which nothing was typed, and asks where something was: nothing is lost by one key", {
    tags: ["long"],
  }, async ({ browser }) => {
    const { id } = await site.create({ username: freshName() });
    await using window = await usual.open(browser, `/people/${id}`);
    const { page } = window;
    const editing = page.getByRole("dialog", { name: "Edit names and profile" });
    const asked = page.getByRole("alertdialog", { name: "Close without saving?" });
    await page.getByRole("button", { name: "Edit" }).first().click();
    await page.keyboard.press("Escape");
    await editing.waitFor({ state: "hidden" });
    await beginEditing(page);
    await page.keyboard.press("Escape");
    await asked.waitFor();
    await page.keyboard.press("Escape");
    await asked.waitFor({ state: "hidden" });
    expect(await page.getByLabel("City").inputValue()).toBe("Typed before");
    await page.keyboard.press("Escape");
    await asked.getByRole("button", { name: "Go on typing" }).press("Enter");
    await asked.waitFor({ state: "hidden" });
    await expect.poll(() => page.getByLabel("City").and(page.locator(":focus")).count()).toBe(1);
    await page.keyboard.press("Escape");
    await asked.getByRole("button", { name: "Close" }).click();
    await editing.waitFor({ state: "hidden" });
    expect(await page.getByText("Typed before").count()).toBe(0);
    // What was typed there has gone with it, so that nothing is asked the next time.
    await page.getByRole("button", { name: "Edit" }).first().click();
    await page.keyboard.press("Escape");
    await editing.waitFor({ state: "hidden" });
    expect(window.violations).toEqual([]);
  });

  test("the browser asks before a tab is left in which something was typed, and else it does not", {
    tags: ["long"],
  }, async ({ browser }) => {
    const { id } = await site.create({ username: freshName() });
    await using window = await openConsole(browser, site, boss, `/people/${id}`);
    const { page } = window;
    const asked: string[] = [];
    page.on("dialog", async (dialog) => {
      asked.push(dialog.type());
      await dialog.accept();
    });
    await page.getByRole("button", { name: "Edit" }).first().click();
    await page.reload();
    expect(asked).toEqual([]);
    await beginEditing(page);
    await page.reload();
    expect(asked).toEqual(["beforeunload"]);
    await page.getByRole("button", { name: "Edit" }).first().waitFor();
  });

  test("a person who is deleted meanwhile is shown as gone to whoever was about to change them", {
    tags: ["long"],
  }, async ({ browser }) => {
    const { id, username } = await site.create({ username: freshName() });
    await using window = await openConsole(browser, site, boss, `/people/${id}`);
    const { page } = window;
    await beginEditing(page);
    await site.live.test.auth.operator.delete(username);
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("There is no such account, or not any more.").waitFor();
    expect(window.violations).toEqual([]);
  });

  test("an account whose creation was done and not answered is in the list all the same", {
    tags: ["long"],
  }, async ({ browser }) => {
    const username = freshName();
    await using window = await usual.open(browser, "/people");
    const { page } = window;
    await page.getByRole("button", { name: "Create account" }).click();
    await page.getByRole("textbox", { name: "Username" }).fill(username);
    await page.route(/\/trpc\/users\.create/, async (route) => {
      await route.fetch();
      await route.abort("connectionreset");
    });
    await page.getByRole("button", { name: "Create", exact: true }).click();
    await page.getByRole("alert").waitFor();
    await page.getByRole("button", { name: "Cancel" }).click();
    await page.getByRole("link", { name: username }).waitFor();
  });

  // It is the last one: the clock that it sets stays in the window.
  test("a search that was typed just before leads nobody back from the person whose screen is slow to come", {
    tags: ["long"],
  }, async ({ browser }) => {
    const { id, username } = await site.create({ username: freshName() });
    await using window = await usual.open(browser, "/people");
    const { page } = window;
    await page.clock.install();
    await page.reload();
    const held = Promise.withResolvers<void>();
    await page.route(/person-page-[^/]*\.js$/, async (route) => {
      await held.promise;
      await route.continue();
    });
    await page.getByLabel("Search", { exact: true }).fill(username);
    const rows = page.getByRole("row");
    await expect.poll(() => rows.count()).toBe(2);
    await page.getByRole("link", { name: username }).click();
    await expect.poll(() => pathOf(page)).toBe(`/console/people/${id}`);
    await page.clock.runFor(1_000);
    expect(await rows.count()).toBe(2);
    held.resolve();
    await page.getByRole("heading", { name: username }).waitFor();
    await page.goBack();
    await expect.poll(() => page.getByLabel("Search", { exact: true }).inputValue()).toBe(username);
    expect(window.violations).toEqual([]);
  });
});
