import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createInbox } from "@latchkey/auth/testing";
import { makeTemporaryFolder } from "@latchkey/embedded-postgres/testing";
import type { Page } from "playwright-core";
import { browserTest, inBrowser } from "./browser-test.ts";
import { bundlePage } from "./bundle-page.ts";
import { alice, type Site, startSite } from "./site.ts";
import { inPage, shows, takeTab } from "./tab.ts";

const entry = `
  import { createRoot } from "react-dom/client";
  import { createCodePage } from ${JSON.stringify(fileURLToPath(new URL("code-page.ts", import.meta.url)))};
  createRoot(document.getElementById("root")).render(createCodePage());
`;
const html = '<!doctype html><title>Codes</title><div id="root"></div><script type="module" src="/page.js"></script>';

const inbox = createInbox();
const messages = { senders: { sms: inbox, email: inbox }, isEnforced: false };

const test = inBrowser(
  browserTest
    // biome-ignore lint/correctness/noEmptyPattern: vitest reads from the pattern what a fixture needs
    .extend("codeSite", { scope: "file" }, async ({}, { onCleanup }): Promise<Site> => {
      const folder = await makeTemporaryFolder("latchkey-use-code-");
      await writeFile(join(folder, "page.js"), await bundlePage(entry));
      await writeFile(join(folder, "index.html"), html);
      const site = await startSite({ folder, core: { messages } });
      onCleanup(async () => {
        await site[Symbol.asyncDispose]();
        await rm(folder, { recursive: true });
      });
      return site;
    })
    .extend("openPage", ({ context, codeSite }) => async (purpose: string): Promise<Page> => {
      const tab = await takeTab(context);
      await tab.goto(`${codeSite.front.url}/?purpose=${purpose}`);
      await shows(tab, /^signedOut/);
      return tab;
    }),
);

let numbers = 0;
const newNumber = () => `+9053277${String(++numbers).padStart(5, "0")}`;
const own = "+905321234567";

async function send(tab: Page, to: string): Promise<void> {
  await tab.getByLabel("To").fill(to);
  await tab.getByRole("button", { name: "Send" }).click();
  await shows(tab, /; sent ;/);
}

/** Types a wrong code, which can be mended, and then the right one. */
async function typeBoth(tab: Page, to: string): Promise<void> {
  const { code } = await inbox.take(to);
  for (const typed of [code === "000000" ? "111111" : "000000", code]) {
    await tab.getByLabel("Code").fill(typed);
    await tab.getByRole("button", { name: "Check" }).click();
    if (typed !== code) await shows(tab, "; sent ; code_invalid.");
  }
}

const signInOn = (tab: Page) =>
  inPage(tab, (auth) => auth.signIn({ username: "alice", password: "correct horse battery" }));

/** Her number is proved on her account, by the code of before. */
const proveNumber = ({ test }: Site, { hasPassword = true } = {}) =>
  test.database.query(
    `update latchkey.users set phone_proved_at = latchkey.now(), phone_vouched_at = null,
      password = case when $1 then password else '!' end where username = 'alice'`,
    [hasPassword],
  );

test("enter: somebody new gets a ticket to register with, and is not signed in", { tags: ["long"] }, async ({
  openPage,
}) => {
  const [tab, to] = [await openPage("enter"), newNumber()];
  await send(tab, to);
  await typeBoth(tab, to);
  await shows(tab, "signedOut ; done register; .");
});

test("whoever goes back while a code is asked for finds none at the next visit", async ({ openPage }) => {
  const tab = await openPage("enter");
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  await tab.route("**/codes.start", async (route) => {
    const response = await route.fetch();
    await released;
    await route.fulfill({ response });
  });
  const asked = tab.waitForRequest("**/codes.start");
  await tab.getByLabel("To").fill(newNumber());
  await tab.getByRole("button", { name: "Send" }).click();
  await asked;
  await tab.getByRole("button", { name: "Back" }).click();
  const answered = tab.waitForResponse("**/codes.start");
  release();
  await (await answered).finished();
  await tab.evaluate("fetch('/healthz')");
  await tab.reload();
  await shows(tab, "signedOut ; idle ; .");
});

test("sign_in: the owner of a number is signed in by its code", async ({ openPage, codeSite }) => {
  await proveNumber(codeSite);
  const tab = await openPage("sign_in");
  await send(tab, alice.phoneNumber);
  await typeBoth(tab, own);
  await shows(tab, "signedIn alice; done done; .");
  await inPage(tab, (auth) => auth.signOut());
});

test("prove_phone: whoever is signed in proves the number of the account, and none has to be typed", async ({
  openPage,
}) => {
  const tab = await openPage("prove_phone");
  await signInOn(tab);
  await send(tab, "");
  await typeBoth(tab, own);
  await shows(tab, "signedIn alice; done done; .");
  await inPage(tab, (auth) => auth.signOut());
});

test("prove_email: an address becomes the account's by its code", { tags: ["long"] }, async ({
  openPage,
  codeSite,
}) => {
  const tab = await openPage("prove_email");
  await signInOn(tab);
  await send(tab, "alice@example.com");
  await typeBoth(tab, "alice@example.com");
  await shows(tab, "signedIn alice; done done; .");
  await tab.waitForFunction("auth.getSnapshot().user.email === 'alice@example.com'");
  await inPage(tab, (auth) => auth.signOut());
  const taken =
    "update latchkey.users set email = null, email_key = null, email_proved_at = null where username = 'alice'";
  await codeSite.test.database.query(taken);
});

test("reauthenticate: whoever has no password shows by a code that it is them", { tags: ["long"] }, async ({
  openPage,
  codeSite,
}) => {
  await proveNumber(codeSite);
  const tab = await openPage("reauthenticate");
  await signInOn(tab);
  await proveNumber(codeSite, { hasPassword: false });
  await send(tab, "phone");
  await typeBoth(tab, own);
  await shows(tab, "signedIn alice; done done; .");
  await inPage(tab, (auth) => auth.signOut());
});
