import type { Browser, BrowserContext, Page } from "playwright-core";
import { openWindow } from "../browser/browser-test.ts";
import { alice } from "../browser/site.ts";

/** Signs in with an example's own form, as a person does. */
export async function fillIn(
  tab: Page,
  { username, password }: { username: string; password: string } = alice,
): Promise<void> {
  await tab.getByLabel("Username").fill(username);
  await tab.getByLabel("Password").fill(password);
  await tab.getByRole("button", { name: "Sign in" }).click();
}

export const greets = (tab: Page, name: string) => tab.getByRole("heading", { name: `Hello, ${name}` }).waitFor();

export const asksToSignIn = (tab: Page) => tab.getByRole("heading", { name: "Sign in" }).waitFor();

export const says = (tab: Page, text: string | RegExp) => tab.getByRole("alert").filter({ hasText: text }).waitFor();

/** A browser on another device, with a program of another name. */
export async function openDevice(browser: Browser): Promise<BrowserContext> {
  const device = await openWindow(browser);
  await device.setExtraHTTPHeaders({ "user-agent": "Mozilla/5.0 (Macintosh; Intel Mac OS X 14.0) Firefox/140.0" });
  return device;
}
