import { createInbox } from "@latchkey/auth/testing";
import type { Page } from "playwright-core";
import { expect } from "vitest";
import { browserTest, inBrowser } from "../browser/browser-test.ts";
import { alice, type Site, startSite } from "../browser/site.ts";
import { takeTab } from "../browser/tab.ts";
import { root } from "../docs/documents.ts";
import { greets, says } from "./example-pages.ts";

const inbox = createInbox();
const messages = { senders: { sms: inbox }, isEnforced: false };

const test = inBrowser(
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads from the pattern what a fixture needs
  browserTest.extend("phoneSite", async ({}, { onCleanup }): Promise<Site> => {
    const site = await startSite({ folder: `${root}examples/react-vite/dist`, core: { messages } });
    onCleanup(() => site[Symbol.asyncDispose]());
    return site;
  }),
);

let numbers = 0;
const newNumber = () => `+9053255${String(++numbers).padStart(5, "0")}`;
const readCode = async (to: string) => (await inbox.take(to)).code;

async function openByCode(tab: Page, site: Site): Promise<void> {
  await tab.goto(site.front.url);
  await tab.getByRole("button", { name: "Use a code" }).click();
}

async function askForCode(tab: Page, to: string): Promise<void> {
  await tab.getByLabel("Phone number").fill(to);
  await tab.getByRole("button", { name: "Send a code" }).click();
  await tab.getByRole("heading", { name: "Type the code" }).waitFor();
}

async function typeCode(tab: Page, code: string): Promise<void> {
  await tab.getByLabel("Code").fill(code);
  await tab.getByRole("button", { name: "Continue" }).click();
}

test("somebody registers by their number, with one field for the code, and signs in by it again", {
  tags: ["long"],
}, async ({ context, phoneSite: site }) => {
  const [tab, to] = [await takeTab(context), newNumber()];
  await openByCode(tab, site);
  await askForCode(tab, to);
  const field = tab.getByLabel("Code");
  expect(await tab.locator("input").count()).toBe(1);
  expect([await field.getAttribute("autocomplete"), await field.getAttribute("inputmode")]).toEqual([
    "one-time-code",
    "numeric",
  ]);
  await typeCode(tab, await readCode(to));
  await tab.getByLabel("First name").fill("Ada");
  await tab.getByRole("button", { name: "Create the account" }).click();
  await greets(tab, "Ada");

  await tab.getByRole("button", { name: "Sign out" }).click();
  await askForCode(tab, to);
  await typeCode(tab, await readCode(to));
  await greets(tab, "Ada");
});

test("a code that was asked for is still there after a reload, and a wrong one can be mended", {
  tags: ["long"],
}, async ({ context, phoneSite: site }) => {
  const [tab, to] = [await takeTab(context), newNumber()];
  await openByCode(tab, site);
  await askForCode(tab, to);
  const code = await readCode(to);
  await tab.reload();
  await tab.getByRole("heading", { name: "Type the code" }).waitFor();
  expect(await tab.getByText(`We sent 6 digits to ${to}.`).count()).toBe(1);
  await tab.getByRole("button", { name: /Send it again in \d+ s/ }).waitFor();
  await typeCode(tab, code === "000000" ? "111111" : "000000");
  await says(tab, "That is not the code. Look again.");
  await typeCode(tab, code);
  await tab.getByRole("heading", { name: "Welcome" }).waitFor();

  const other = await context.newPage();
  await other.goto(site.front.url);
  await other.getByRole("button", { name: "Use a code" }).click();
  await other.getByLabel("Phone number").waitFor();
});

test("an account with a password is asked for it beside the code", { tags: ["long"] }, async ({
  context,
  phoneSite: site,
}) => {
  const tab = await takeTab(context);
  await openByCode(tab, site);
  await askForCode(tab, alice.phoneNumber);
  await typeCode(tab, await readCode("+905321234567"));
  await tab.getByLabel("Password").fill(alice.password);
  await tab.getByRole("button", { name: "Sign in" }).click();
  await greets(tab, "alice");
});

/** No browser of a desktop reads SMS: this is what one on a phone has, https://wicg.github.io/web-otp/. */
const smsReader = `
  globalThis.OTPCredential = class {};
  globalThis.asked = [];
  Object.defineProperty(navigator.credentials, "get", {
    value: (request) => {
      asked.push(request);
      return new Promise((resolve) => (globalThis.handOver = resolve));
    },
  });
`;

test("a browser that reads the SMS hands the code over by itself, and is told to stop when somebody leaves", {
  tags: ["long"],
}, async ({ context, phoneSite: site }) => {
  const [tab, to] = [await context.newPage(), newNumber()];
  await tab.addInitScript(smsReader);
  await openByCode(tab, site);
  await askForCode(tab, to);
  const isAborted = () => tab.evaluate("asked.map((one) => one.signal.aborted)");
  expect(await isAborted()).toEqual([false]);
  await tab.getByRole("button", { name: "Another number" }).click();
  await tab.getByLabel("Phone number").waitFor();
  expect(await isAborted()).toEqual([true]);

  const again = newNumber();
  await askForCode(tab, again);
  const code = await readCode(again);
  await tab.evaluate(`handOver({ code: "${code}" })`);
  await tab.getByRole("heading", { name: "Welcome" }).waitFor();
});
