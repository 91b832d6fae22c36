import { gzipSync } from "node:zlib";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { browserTest, inBrowser } from "../browser/browser-test.ts";
import { isService } from "../live-server.ts";
import {
  findFaults,
  findOverflow,
  keepTab,
  openPagesWindow,
  type PagesSite,
  phone,
  previewUrl,
  readFocus,
  startPagesSite,
  zoomed,
} from "./look.ts";
import { findTabFaults } from "./tab-order.ts";

const test = inBrowser(browserTest);
const tab = keepTab();
let site: PagesSite;
beforeAll(async () => {
  site = await startPagesSite();
});
afterAll(async () => {
  await tab[Symbol.asyncDispose]();
  await site?.[Symbol.asyncDispose]();
});

const sizeOf = async (path: string) => {
  const response = await fetch(site.live.url + path);
  expect(response.status).toBe(200);
  return gzipSync(Buffer.from(await response.arrayBuffer())).length;
};

/** What a person does with a keyboard: types into the field where the cursor is, and presses Enter. */
async function type(page: Page, text: string): Promise<void> {
  await page.keyboard.type(text);
  await Promise.all([page.waitForEvent("domcontentloaded"), page.keyboard.press("Enter")]);
}

describe.skipIf(!isService)("the pages in a browser", () => {
  test("are small: the first page is at most 15 KB in all and its script at most 10, compressed", async () => {
    const text = await (await fetch(`${site.live.url}/sign-in`)).text();
    const [, style = ""] = /rel="stylesheet" href="([^"]+)"/.exec(text) ?? [];
    const [, script = ""] = /script src="([^"]+)"/.exec(text) ?? [];
    const [document, ofStyle, ofScript] = await Promise.all([sizeOf("/sign-in"), sizeOf(style), sizeOf(script)]);
    expect(ofScript).toBeLessThan(10_000);
    expect(document + ofStyle + ofScript).toBeLessThan(15_000);
    const sources = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, source]) => source);
    expect(sources.filter((source) => !source?.startsWith("/") && source !== "data:,")).toEqual([]);
  });

  test("are gone through without a script: register by number, sign out, sign in again", async () => {
    await using window = await tab.take();
    const { page, context } = window;
    const session = await context.newCDPSession(page);
    await session.send("Emulation.setScriptExecutionDisabled", { value: true });
    const number = "+905321110001";
    await page.goto(`${site.live.url}/register`);
    await page.getByLabel("Phone number or e-mail").fill(number);
    await page.getByRole("button", { name: "Send me a code" }).click();
    await page.getByLabel("Code", { exact: true }).fill((await site.inbox.take(number)).code);
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByRole("button", { name: "Create an account" }).click();
    await page.getByRole("heading", { name: "Profile" }).waitFor();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("link", { name: "Sign in" }).click();
    await page.getByLabel("Phone number, username or e-mail").fill(number);
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByRole("button", { name: "Send it again" }).click();
    await page.getByText("Nothing was sent: it is too early").waitFor();
    await page.getByLabel("Code", { exact: true }).fill((await site.inbox.take(number)).code);
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByRole("heading", { name: "Profile" }).waitFor();
    await session.detach();
    expect(window.violations).toEqual([]);
  });

  test("need no mouse: whoever types and presses Enter is through, and sees where they are", {
    tags: ["long"],
  }, async () => {
    await using window = await tab.take();
    const { page } = window;
    const number = "+905321110002";
    await page.goto(`${site.live.url}/register`);
    await expect.poll(() => readFocus(page)).toEqual({ name: "to", isSeen: true });
    await type(page, number);
    await expect.poll(() => readFocus(page)).toEqual({ name: "code", isSeen: true });
    await type(page, (await site.inbox.take(number)).code);
    await expect.poll(() => readFocus(page)).toEqual({ name: "username", isSeen: true });
    await type(page, "keyboard_person");
    await page.getByRole("heading", { name: "Profile" }).waitFor();
    await window.context.grantPermissions(["clipboard-read", "clipboard-write"]);
    await page.goto(`${site.live.url}/account/recovery`);
    await page.getByRole("button", { name: "Make recovery codes" }).press("Enter");
    await page.getByRole("button", { name: "Copy" }).press("Enter");
    await page.getByRole("button", { name: "Copied" }).waitFor();
    const copied = await page.evaluate<string>("navigator.clipboard.readText()");
    expect(copied.match(/([0-9A-Z]{5}-){5}[0-9A-Z]{5}/g)).toHaveLength(10);
    await page.goto(`${site.live.url}/account`);
    await page.locator("nav summary").press("Enter");
    expect(await findTabFaults(page)).toEqual([]);
    expect(window.violations).toEqual([]);
  });

  test("run no script that somebody puts into them, and the browser tells the operator, without what was in it", async () => {
    await using window = await tab.take();
    const { page } = window;
    await page.goto(`${site.live.url}/sign-in?return_to=%2Forders%2F7`);
    await page.evaluate(
      `document.body.append(Object.assign(document.createElement("script"), { text: "window.ran = true" }))`,
    );
    expect(await page.evaluate("window.ran")).toBeUndefined();
    const told = () => site.live.logged.map((line) => JSON.parse(line)).filter(({ directive }) => directive);
    await expect.poll(told).toHaveLength(1);
    expect(told()[0]).toMatchObject({ page: "/sign-in", directive: "script-src-elem", blocked: "inline" });
    expect(JSON.stringify(told())).not.toMatch(/orders|ran/);
    expect(window.violations.splice(0)).toHaveLength(1);
  });

  test("count down until the code can be sent again, and take a code once however often it is clicked", {
    tags: ["long"],
  }, async ({ browser }) => {
    await using window = await openPagesWindow(browser);
    const { page } = window;
    const number = "+905321110003";
    await page.goto(`${site.live.url}/register`);
    await page.getByLabel("Phone number or e-mail").fill(number);
    await page.getByRole("button", { name: "Send me a code" }).dblclick();
    const again = page.getByRole("button", { name: "Send it again" });
    await expect.poll(() => again.isDisabled()).toBe(true);
    await page.getByLabel("Code", { exact: true }).fill((await site.inbox.take(number)).code);
    await page.getByRole("button", { name: "Continue" }).dblclick();
    await page.getByRole("button", { name: "Create an account" }).dblclick();
    await page.getByRole("heading", { name: "Profile" }).waitFor();
    expect(site.inbox.messages.filter(({ to }) => to === number)).toHaveLength(1);
    await page.goBack();
    await page.goBack();
    await page.getByText("Begin again here").or(page.getByText("You are signed in")).first().waitFor();
    expect(window.violations).toEqual([]);
  });

  test("have no fault that axe finds, where one comes first, in either direction", { tags: ["long"] }, async ({
    browser,
  }) => {
    await using window = await openPagesWindow(browser, { viewport: phone });
    const { page } = window;
    for (const [name, language] of [
      ["sign-in-fault", "en"],
      ["code-invalid", "ar"],
      ["profile-fault", "en"],
    ] as const) {
      await page.goto(previewUrl(site.live.url, name, language));
      expect(await findFaults(page), `${name} in ${language}`).toEqual([]);
    }
    expect(window.violations).toEqual([]);
  });

  test("need no scrolling to and fro at 400 %, in the language with the longest words", { tags: ["long"] }, async ({
    browser,
  }) => {
    await using window = await openPagesWindow(browser, { viewport: zoomed });
    const { page } = window;
    for (const name of ["sign-in", "code-email", "finish-taken", "profile-fault", "devices", "fault"]) {
      await page.goto(previewUrl(site.live.url, name, "fr"), { waitUntil: "domcontentloaded" });
      expect(await findOverflow(page), name).toEqual([]);
    }
    expect(window.violations).toEqual([]);
  });
});
