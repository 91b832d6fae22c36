import { testSecret } from "@latchkey/auth/testing";
import type { Page } from "playwright-core";
import { expect } from "vitest";
import { browserTest, inBrowser } from "../browser/browser-test.ts";
import { readHeadings, watchHeadings } from "../browser/headings.ts";
import { root } from "../docs/documents.ts";
import { createEmptyDatabase } from "../processes/external-database.ts";
import { launchScript } from "../processes/service-process.ts";
import { asksToSignIn, fillIn, greets, says } from "./example-pages.ts";
import { startExample } from "./example-process.ts";

const folder = `${root}examples/own-server`;
const ali = { username: "ali", password: "correct horse battery" };

const test = inBrowser(
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads from the pattern what a fixture needs
  browserTest.extend("shop", async ({}, { onCleanup }) => {
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

async function signUp(tab: Page, nickname: string): Promise<void> {
  await tab.getByLabel("Username").fill(ali.username);
  await tab.getByLabel("Password").fill(ali.password);
  await tab.getByLabel("Nickname").fill(nickname);
  await tab.getByRole("button", { name: "Create an account" }).click();
}

test("somebody creates an account with a field of the shop's own, orders, and stays signed in over a reload", async ({
  context,
  shop,
}) => {
  const tab = await context.newPage();
  await tab.goto(shop.url);
  await signUp(tab, "Al");
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
});

test("only whoever may delete orders is shown how, and the shop refuses all others", async ({ context, shop }) => {
  const [here, there] = [await context.newPage(), await context.newPage()];
  await here.goto(shop.url);
  await signUp(here, "Al");
  await greets(here, "Al");
  await here.getByLabel("Your order").fill("Tea");
  await here.getByRole("button", { name: "Order" }).click();
  const order = here.getByRole("listitem").filter({ hasText: "Tea" });
  await order.waitFor();
  expect(await here.getByRole("button", { name: "Delete" }).count()).toBe(0);

  await shop.grant(ali.username, "shop.delete_order");
  await there.goto(shop.url);
  await there.getByRole("button", { name: "Delete" }).click();
  await there.getByRole("listitem").waitFor({ state: "detached" });

  await there.getByRole("button", { name: "Sign out" }).click();
  await asksToSignIn(here);
});
