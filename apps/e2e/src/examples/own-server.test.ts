import { testSecret } from "@latchkey/auth/testing";
import type { Page } from "playwright-core";
import { expect } from "vitest";
import { browserTest, inBrowser } from "../browser/browser-test.ts";
import { readHeadings, watchHeadings } from "../browser/headings.ts";
import { takeTab } from "../browser/tab.ts";
import { root } from "../docs/documents.ts";
import { createEmptyDatabase } from "../processes/external-database.ts";
import { launchScript } from "../processes/service-process.ts";
import { asksToSignIn, fillIn, greets, says } from "./example-pages.ts";
import { startExample } from "./example-process.ts";

const folder = `${root}examples/own-server`;
const password = "correct horse battery";
const ali = { username: "ali", password };
const bora = { username: "bora", password };

const test = inBrowser(
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads from the pattern what a fixture needs
  browserTest.extend("shop", { scope: "file" }, async ({}, { onCleanup }) => {
    const database = await createEmptyDatabase();
    const variables = { DATABASE_URL: database.url, LATCHKEY_SECRET: testSecret, PORT: "0" };
    const server = await startExample({ script: "src/main.ts", folder, variables });
    onCleanup(async () => {
      await server[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    });
    const grant = async (...words: string[]) =>
      expect(await launchScript("src/grant.ts", words, { folder, variables }).outcome).toMatchObject({ code: 0 });
    return { url: server.url, grant };
  }),
);

async function signUp(tab: Page, { username, password }: typeof ali, nickname: string): Promise<void> {
  await tab.getByLabel("Username").fill(username);
  await tab.getByLabel("Password").fill(password);
  await tab.getByLabel("Nickname").fill(nickname);
  await tab.getByRole("button", { name: "Create an account" }).click();
}

test("somebody creates an account with a field of the shop's own, orders, and stays signed in over a reload", {
  tags: ["long"],
}, async ({ context, shop }) => {
  const tab = await context.newPage();
  await tab.goto(shop.url);
  await signUp(tab, ali, "Al");
  await greets(tab, "Al");
  await tab.getByLabel("Your order").fill("Tea");
  await tab.getByRole("button", { name: "Order" }).click();
  await tab.getByRole("listitem").filter({ hasText: "Tea, for Al" }).waitFor();

  await watchHeadings(tab);
  await tab.reload();
  await tab.getByRole("listitem").filter({ hasText: "Tea, for Al" }).waitFor();
  expect(await readHeadings(tab)).toEqual(["Hello, Al"]);

  await tab.getByRole("button", { name: "Sign out" }).click();
  await fillIn(tab, { ...ali, password: "wrong horse battery" });
  await says(tab, "That name and password do not fit.");
  await fillIn(tab, ali);
  await greets(tab, "Al");
  await tab.getByRole("button", { name: "Sign out" }).click();
  await asksToSignIn(tab);
});

test("only whoever may delete orders is shown how, and the shop refuses all others", { tags: ["long"] }, async ({
  context,
  shop,
}) => {
  const [here, there] = [await takeTab(context), await context.newPage()];
  const orderOn = (tab: Page) => tab.getByRole("listitem").filter({ hasText: "Coffee, for Bo" });
  await here.goto(shop.url);
  await signUp(here, bora, "Bo");
  await greets(here, "Bo");
  await here.getByLabel("Your order").fill("Coffee");
  await here.getByRole("button", { name: "Order" }).click();
  await orderOn(here).waitFor();
  expect(await here.getByRole("button", { name: "Delete" }).count()).toBe(0);

  await shop.grant(bora.username, "shop.delete_order");
  await there.goto(shop.url);
  await orderOn(there).getByRole("button", { name: "Delete" }).click();
  await orderOn(there).waitFor({ state: "detached" });

  await there.getByRole("button", { name: "Sign out" }).click();
  await asksToSignIn(here);
});
