import { expect } from "vitest";
import { browserTest, inBrowser } from "../browser/browser-test.ts";
import { readHeadings, watchHeadings } from "../browser/headings.ts";
import { alice, readStatuses, type Site, startSite } from "../browser/site.ts";
import { takeTab } from "../browser/tab.ts";
import { root } from "../docs/documents.ts";
import { asksToSignIn, fillIn, greets, openDevice, says } from "./example-pages.ts";

const bora = { username: "bora", password: "another horse battery" };

const test = inBrowser(
  // Not `override`: it would change the tests of files that share the worker.
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads from the pattern what a fixture needs
  browserTest.extend("exampleSite", async ({}, { onCleanup }): Promise<Site> => {
    const site = await startSite({ folder: `${root}examples/react-vite/dist` });
    onCleanup(() => site[Symbol.asyncDispose]());
    return site;
  }),
);

test("a wrong password says so and leaves the name; the right one shows the person, and a reload nothing else", async ({
  context,
  exampleSite: site,
}) => {
  const tab = await context.newPage();
  await tab.goto(site.front.url);
  await fillIn(tab, { ...alice, password: "wrong horse battery" });
  await says(tab, "That name and password do not fit.");
  expect(await tab.getByLabel("Username").inputValue()).toBe("alice");

  await fillIn(tab);
  await greets(tab, "alice");
  await tab.getByText("This device").waitFor();

  await watchHeadings(tab);
  await tab.reload();
  await tab.getByText("This device").waitFor();
  expect(await readHeadings(tab)).toEqual(["Hello, alice"]);
});

test("who signs out in one tab is signed out in the other, and the next person sees nothing that was fetched before", {
  tags: ["long"],
}, async ({ context, exampleSite: site }) => {
  await site.test.auth.createUser(bora);
  const [here, there] = [await takeTab(context), await context.newPage()];
  await here.goto(site.front.url);
  await there.goto(site.front.url);
  await fillIn(here);
  await there.getByText("This device").waitFor();

  await here.getByRole("button", { name: "Sign out" }).click();
  await asksToSignIn(there);
  // What is asked for the next person is not answered.
  await context.route("**/sessions.list*", () => {});
  await fillIn(there, bora);
  await greets(there, "bora");
  await there.getByRole("heading", { name: "Your devices" }).waitFor();
  expect(await there.getByText("This device").count()).toBe(0);
});

test("a device that is ended on another is signed out at its next call", { tags: ["long"] }, async ({
  browser,
  context,
  exampleSite: site,
}) => {
  await using away = await openDevice(browser);
  const [here, there] = [await takeTab(context), await away.newPage()];
  for (const tab of [here, there]) {
    await tab.goto(site.front.url);
    await fillIn(tab);
    await greets(tab, "alice");
  }
  await here.reload();
  await here.getByRole("listitem").filter({ hasText: "Firefox" }).getByRole("button", { name: "End" }).click();
  await here.getByText("Firefox").waitFor({ state: "detached" });

  await there.reload();
  await asksToSignIn(there);
  // The page asks first who is there, of whom the browser keeps the id alone.
  expect(readStatuses(site.front, "me.get")).toContain(401);
});

test("what a permission is for is shown to whoever holds it, and to nobody else", { tags: ["long"] }, async ({
  context,
  exampleSite: site,
}) => {
  const tab = await takeTab(context);
  await tab.goto(site.front.url);
  await fillIn(tab);
  await tab.getByText("This device").waitFor();
  await tab.waitForLoadState("networkidle");
  expect(await tab.getByRole("heading", { name: "People" }).count()).toBe(0);

  await site.test.auth.operator.grant("alice", { permission: "auth.view_user" });
  await tab.reload();
  await tab.getByRole("region", { name: "People" }).getByRole("listitem").filter({ hasText: "alice" }).waitFor();
});
