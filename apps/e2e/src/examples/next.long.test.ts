import { createInbox } from "@latchkey/auth/testing";
import type { BrowserContext, Page } from "playwright-core";
import { expect } from "vitest";
import { browserTest, inBrowser } from "../browser/browser-test.ts";
import { readHeadings, watchHeadings } from "../browser/headings.ts";
import { alice, readStatuses } from "../browser/site.ts";
import { startFront } from "../browser/static-server.ts";
import { takeTab } from "../browser/tab.ts";
import { root } from "../docs/documents.ts";
import { startLiveServer } from "../live-server.ts";
import { asksToSignIn, fillIn, greets, openDevice, says } from "./example-pages.ts";
import { startExample } from "./example-process.ts";

const folder = `${root}examples/next`;
const script = `${folder}/node_modules/next/dist/bin/next`;

const inbox = createInbox();

const test = inBrowser(
  browserTest
    // biome-ignore lint/correctness/noEmptyPattern: vitest reads from the pattern what a fixture needs
    .extend("server", { scope: "file" }, async ({}, { onCleanup }) => {
      // One server of Next for all tests; each test has its own service behind the same address.
      const service = await startFront();
      const args = ["start", "--hostname", "localhost", "--port", "0"];
      const variables = { LATCHKEY_URL: service.url, NEXT_TELEMETRY_DISABLED: "1" };
      const { url, ...next } = await startExample({ script, args, folder, variables });
      onCleanup(async () => {
        await next[Symbol.asyncDispose]();
        await service[Symbol.asyncDispose]();
      });
      return { url, service };
    })
    .extend("app", async ({ server: { url, service } }, { onCleanup }) => {
      const live = await startLiveServer({ messages: { senders: { sms: inbox }, isEnforced: false } });
      onCleanup(() => live[Symbol.asyncDispose]());
      await live.test.auth.createUser(alice);
      service.handOnTo(live.url);
      return { url, service, test: live.test };
    }),
);

/** Lets the access token in the browser's cookie have run out by the clock of the server that renders. */
async function expire(context: BrowserContext, url: string): Promise<void> {
  const cookies = await context.cookies(url);
  await context.addCookies(cookies.map((cookie) => ({ ...cookie, value: cookie.value.replace(/^\d+(?=\.)/, "1") })));
}

test("a wrong password says so and leaves the name; the right one shows the person, from the server's first byte to after hydration", async ({
  context,
  app,
}) => {
  const tab = await context.newPage();
  const complaints: string[] = [];
  tab.on("console", (message) => complaints.push(message.text()));
  tab.on("pageerror", (error) => complaints.push(error.message));
  await tab.goto(app.url);
  await asksToSignIn(tab);
  await fillIn(tab, { ...alice, password: "wrong horse battery" });
  await says(tab, "That name and password do not fit.");
  expect(await tab.getByLabel("Username").inputValue()).toBe("alice");

  await fillIn(tab);
  await greets(tab, "alice");
  await tab.getByText("This device").waitFor();

  await watchHeadings(tab);
  const response = await tab.reload();
  expect(await response?.text()).toMatch(/<h1>Hello, (<!-- -->)?alice<\/h1>/);
  expect(await response?.headerValue("cache-control")).toMatch(/no-store/);
  await tab.getByText("This device").waitFor();
  expect(await readHeadings(tab)).toEqual(["Hello, alice"]);
  expect(complaints).toEqual([]);
});

/** Whether React has taken over the form of the page, and everything that is fetched ahead is there. */
async function isAtRest(tab: Page): Promise<void> {
  await tab.waitForLoadState("networkidle");
  await tab.waitForFunction(`Object.keys(document.querySelector("form")).some((key) => key.startsWith("__react"))`);
}

test("what is typed as soon as a field shows is there afterwards: before the script has come, behind a link, and after signing out", async ({
  context,
  app,
}) => {
  const tab = await takeTab(context);
  const script = Promise.withResolvers<void>();
  await tab.route("**/_next/static/**/*.js", async (route) => {
    await script.promise;
    await route.continue();
  });
  await tab.goto(app.url, { waitUntil: "commit" });
  const [name, number] = [tab.getByLabel("Username"), tab.getByLabel("Phone number", { exact: true })];
  await name.fill("typed early");
  script.resolve();
  await isAtRest(tab);
  expect(await name.inputValue()).toBe("typed early");

  await tab.getByRole("link", { name: "Use a code" }).click();
  await number.fill("+90 532");
  await isAtRest(tab);
  expect(await number.inputValue()).toBe("+90 532");

  await tab.goto(app.url);
  await fillIn(tab);
  await greets(tab, "alice");
  await tab.getByRole("button", { name: "Sign out" }).click();
  await name.fill("typed again");
  await isAtRest(tab);
  expect(await name.inputValue()).toBe("typed again");
});

async function askForCode(tab: Page, to: string): Promise<void> {
  await asksToSignIn(tab);
  await tab.getByRole("link", { name: "Use a code" }).click();
  // The form before has a field for a username or phone number, and is there until the next one is.
  await tab.getByLabel("Phone number", { exact: true }).fill(to);
  await tab.getByRole("button", { name: "Send a code" }).click();
  await tab.getByText(`We sent a code to ${to}.`).waitFor();
}

async function typeCode(tab: Page, code: string): Promise<void> {
  await tab.getByLabel("Code").fill(code);
  await tab.getByRole("button", { name: "Continue" }).click();
}

test("somebody registers by their number, with one field for the code, and signs in by it again", async ({
  context,
  app,
}) => {
  const [tab, to] = [await takeTab(context), "+905327770001"];
  await tab.goto(app.url);
  await askForCode(tab, to);
  expect(await tab.getByLabel("Code").getAttribute("autocomplete")).toBe("one-time-code");
  const { code } = await inbox.take(to);
  await typeCode(tab, code === "000000" ? "111111" : "000000");
  await says(tab, "That is not the code. Look again.");
  await typeCode(tab, code);
  await tab.getByLabel("First name").fill("Ada");
  await tab.getByRole("button", { name: "Create the account" }).click();
  await greets(tab, "Ada");
  await tab.getByRole("button", { name: "Sign out" }).click();
  await askForCode(tab, to);
  await typeCode(tab, (await inbox.take(to)).code);
  await greets(tab, "Ada");
});

test("an account with a password is asked for it beside the code", async ({ context, app }) => {
  const tab = await takeTab(context);
  await tab.goto(app.url);
  await askForCode(tab, "+905321234567");
  await typeCode(tab, (await inbox.take("+905321234567")).code);
  await tab.getByLabel("Password").fill(alice.password);
  await tab.getByRole("button", { name: "Sign in" }).click();
  await greets(tab, "alice");
});

test("the browser's scripts see no token, and the cookie is the app's own", async ({ context, app }) => {
  const tab = await takeTab(context);
  await tab.goto(app.url);
  await fillIn(tab);
  await greets(tab, "alice");

  expect(await tab.evaluate("document.cookie + Object.values(localStorage)")).toBe("");
  const cookies = await context.cookies(app.url);
  expect(cookies.map(({ name }) => name).sort()).toEqual(["__Host-latchkey", "__Host-latchkey-device"]);
  for (const cookie of cookies) expect(cookie).toMatchObject({ httpOnly: true, secure: true, sameSite: "Lax" });
});

test("who signs out in one tab is signed out in the other", async ({ context, app }) => {
  const [here, there] = [await takeTab(context), await context.newPage()];
  await here.goto(app.url);
  await there.goto(app.url);
  await fillIn(here);
  await greets(there, "alice");

  await here.getByRole("button", { name: "Sign out" }).click();
  await asksToSignIn(here);
  await asksToSignIn(there);
  expect(await app.test.database.query("select end_reason from latchkey.sessions")).toEqual([
    { end_reason: "signed_out" },
  ]);
});

test("a token that has run out is renewed on the way to the page, once, and signing out at that moment holds", async ({
  context,
  app,
}) => {
  const tab = await takeTab(context);
  await tab.goto(app.url);
  await fillIn(tab);
  await greets(tab, "alice");
  // The page's own call must be over: it would renew the session too, and `expire` put back the cookie from before.
  await tab.getByText("This device").waitFor();
  await app.test.clock.advance(16 * 60);
  await expire(context, app.url);
  const before = readStatuses(app.service, "token.refresh").length;
  await tab.reload();
  await tab.getByText("This device").waitFor();
  expect(readStatuses(app.service, "token.refresh").slice(before)).toEqual([200]);
  await expire(context, app.url);
  await tab.getByRole("button", { name: "Sign out" }).click();
  await asksToSignIn(tab);
  await tab.goto(app.url);
  await asksToSignIn(tab);
  expect((await context.cookies(app.url)).map(({ name }) => name)).toEqual(["__Host-latchkey-device"]);
});

test("a device that is ended on another is signed out", async ({ browser, context, app }) => {
  await using away = await openDevice(browser);
  const [here, there] = [await takeTab(context), await away.newPage()];
  for (const tab of [here, there]) {
    await tab.goto(app.url);
    await fillIn(tab);
    await greets(tab, "alice");
  }
  await here.reload();
  await here.getByRole("listitem").filter({ hasText: "Firefox" }).getByRole("button", { name: "End" }).click();
  await here.getByText("Firefox").waitFor({ state: "detached" });

  await there.reload();
  await asksToSignIn(there);
});

test("what a permission is for is rendered for whoever holds it, and for nobody else", async ({ context, app }) => {
  const tab = await takeTab(context);
  await tab.goto(app.url);
  await fillIn(tab);
  await greets(tab, "alice");
  expect(await tab.getByRole("heading", { name: "People" }).count()).toBe(0);

  await app.test.auth.operator.grant("alice", { permission: "auth.view_user" });
  await tab.reload();
  await tab.getByRole("region", { name: "People" }).getByRole("listitem").filter({ hasText: "alice" }).waitFor();
});

test("a list that could not be read says so, and is there when one tries again", async ({ context, app }) => {
  const tab = await takeTab(context);
  await tab.goto(app.url);
  await tab.route("**/api/devices", (route) => route.abort());
  await fillIn(tab);
  await says(tab, "The service does not answer.");
  await tab.unroute("**/api/devices");
  await tab.getByRole("button", { name: "Try again" }).click();
  await tab.getByText("This device").waitFor();
  expect(await tab.getByRole("alert").filter({ hasText: "The service" }).count()).toBe(0);
});

test("a service that does not answer signs nobody out", async ({ context, app }) => {
  const tab = await takeTab(context);
  await tab.goto(app.url);
  await fillIn(tab);
  await greets(tab, "alice");
  // Port 9 is nobody's.
  app.service.handOnTo("http://127.0.0.1:9");
  await tab.reload();
  await says(tab, "The service does not answer.");
  expect((await context.cookies(app.url)).map(({ name }) => name)).toContain("__Host-latchkey");
});
