import type { AuthClient } from "@latchkey/client";
import type { BrowserContext, Page } from "playwright-core";
import { describe, expect } from "vitest";
import { isService, type LiveServer, startLiveServer } from "../live-server.ts";
import { openPagesWindow, type PagesWindow, takePagesWindow } from "../pages/look.ts";
import { addAuthenticator, listCredentials, setPresence, setUserVerified } from "./authenticator.ts";
import { browserTest, inBrowser } from "./browser-test.ts";
import { alice, type Site, startSite } from "./site.ts";
import { askWho, shows, signedIn, signedOut, signIn } from "./tab.ts";

const passkeys = { rpId: "localhost", allowsLocalhost: true };
const test = inBrowser(browserTest);

/** Browsers have no passkeys at an address of digits. */
const atLocalhost = (url: string) => url.replace("127.0.0.1", "localhost");

type Deed = (auth: object, ...more: readonly unknown[]) => Promise<unknown>;
type Passkeys = typeof import("@latchkey/client/passkeys");

/** Uses the SDK's part for passkeys inside the page; what it throws comes back as its reason. */
async function withPasskeys<Answer>(tab: Page, use: keyof Passkeys, ...more: readonly unknown[]): Promise<Answer> {
  const page = await tab.evaluateHandle<{ auth: object; passkeys: Record<string, Deed> }>("({ auth, passkeys })");
  const call = ({ auth, passkeys }: { auth: object; passkeys: Record<string, Deed> }, args: readonly unknown[]) =>
    passkeys[String(args[0])]?.(auth, ...args.slice(1)).catch((error) => error.data?.reason ?? error.name);
  return (await page.evaluate(call, [use, ...more])) as Answer;
}

async function openTab(context: BrowserContext, { front }: Site): Promise<Page> {
  const tab = await context.newPage();
  await tab.goto(atLocalhost(front.url));
  await shows(tab, /Sign/);
  const content = 'import * as passkeys from "/passkeys.js"; window.passkeys = passkeys;';
  await tab.addScriptTag({ type: "module", content });
  await tab.waitForFunction("'passkeys' in window");
  return tab;
}

describe("the SDK", () => {
  test("adds a passkey, signs in with it in two tabs, and with one that was removed meanwhile in none", {
    tags: ["long"],
  }, async ({ context }) => {
    await using site = await startSite({ core: { passkeys } });
    const here = await openTab(context, site);
    const phone = await addAuthenticator(context, here);
    await signIn(here);
    await shows(here, signedIn);
    const added = await withPasskeys<{ passkey: { id: string }; recoveryCodes: object }>(here, "addPasskey", "Phone");
    expect(added).toMatchObject({ passkey: { name: "Phone" }, recoveryCodes: { codes: expect.any(Array) } });
    expect(await withPasskeys(here, "addPasskey")).toBe("InvalidStateError");

    await here.getByRole("button", { name: "Sign out" }).click();
    await shows(here, signedOut);
    const there = await openTab(context, site);
    const laptop = await addAuthenticator(context, there);
    expect(await withPasskeys(here, "signInWithPasskey")).toMatchObject({ username: "alice" });
    // As a password manager keeps it on two devices: with its count as it is now.
    for (const credential of await listCredentials(phone))
      await laptop.session.send("WebAuthn.addCredential", { authenticatorId: laptop.id, credential });
    await Promise.all([shows(here, signedIn), shows(there, signedIn)]);
    expect(await withPasskeys(there, "reauthenticateWithPasskey")).toBe(true);

    const auth = await here.evaluateHandle<AuthClient>("auth");
    await auth.evaluate(({ api }, id) => api.me.passkeys.remove.mutate({ id }), added.passkey.id);
    expect(await withPasskeys(there, "signInWithPasskey")).toBe("invalid_credentials");
    expect(await askWho(there)).toBe("alice");
  });

  test("signs in with autofill when somebody chooses a passkey, and gives way to a click and to another sign-in", {
    tags: ["long"],
  }, async ({ context }) => {
    await using site = await startSite({ core: { passkeys } });
    const tab = await openTab(context, site);
    const phone = await addAuthenticator(context, tab);
    await signIn(tab);
    await shows(tab, signedIn);
    await withPasskeys(tab, "addPasskey");
    await tab.getByRole("button", { name: "Sign out" }).click();
    await shows(tab, signedOut);

    await setPresence(phone, false);
    await tab.evaluate("document.forms[0].username.setAttribute('autocomplete', 'username webauthn')");
    await tab.evaluate(`(() => {
      const get = navigator.credentials.get.bind(navigator.credentials);
      navigator.credentials.get = (options) => {
        window.isWaiting = true;
        return get(options);
      };
    })()`);
    const waiting = withPasskeys(tab, "signInWithPasskey", { autofill: true });
    // A finger counts for what is asked for after it.
    await tab.waitForFunction("window.isWaiting");
    await setPresence(phone, true);
    const chosen = withPasskeys(tab, "signInWithPasskey", { autofill: true });
    // What was begun later ends what waited.
    expect(await waiting).toBeNull();
    expect(await chosen).toMatchObject({ username: "alice" });
    await shows(tab, signedIn);
  });

  test("signs nobody in without a finger, and takes that after a password", { tags: ["long"] }, async ({ context }) => {
    await using site = await startSite({ core: { passkeys } });
    const strict = await site.test.another({ secondFactor: "all" });
    const tab = await openTab(context, site);
    const phone = await addAuthenticator(context, tab);
    await signIn(tab);
    await shows(tab, signedIn);
    await withPasskeys(tab, "addPasskey");
    await tab.getByRole("button", { name: "Sign out" }).click();
    await shows(tab, signedOut);
    await setUserVerified(phone, false);
    expect(await withPasskeys(tab, "signInWithPasskey")).toBeNull();
    const refusal = await strict.signIn(alice, site.test.facts).catch((error: { secondFactor?: object }) => error);
    expect(refusal).toMatchObject({ secondFactor: { methods: ["passkey"] } });
  });
});

describe.skipIf(!isService)("the pages", () => {
  const start = () => startLiveServer({ passkeys }, { pages: { isDevelopment: true } });
  const heading = (page: Page, name: string | RegExp) => page.getByRole("heading", { level: 1, name }).waitFor();

  async function signInByPassword(page: Page, live: LiveServer): Promise<void> {
    await page.goto(`${atLocalhost(live.url)}/sign-in`);
    await page.getByLabel("Phone number, username or e-mail").fill("ayse");
    await page.getByLabel("Password").fill(alice.password);
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await heading(page, "Profile");
  }

  async function signOut(page: Page): Promise<void> {
    await page.getByRole("button", { name: "Sign out", exact: true }).click();
    await heading(page, "You are signed out");
  }

  async function addPasskey({ page }: PagesWindow, live: LiveServer): Promise<void> {
    await page.goto(`${atLocalhost(live.url)}/account/passkeys`);
    await page.getByRole("button", { name: "Add a passkey" }).click();
    await page.getByLabel("Name (optional)").fill("My phone");
    await page.getByRole("button", { name: "Create it on this device" }).click();
    await heading(page, "Recovery codes");
  }

  test("add a passkey, show recovery codes, and sign in by it", async ({ context }) => {
    await using live = await start();
    await live.test.auth.createUser({ username: "ayse", password: alice.password });
    await using window = await takePagesWindow(context);
    const { page } = window;
    const phone = await addAuthenticator(context, page);
    await signInByPassword(page, live);
    await addPasskey(window, live);
    await page.goto(`${atLocalhost(live.url)}/account/passkeys`);
    await page.locator("li", { hasText: "My phone" }).waitFor();

    await signOut(page);
    await setPresence(phone, false);
    await page.goto(`${atLocalhost(live.url)}/sign-in`);
    await page.getByRole("button", { name: "Sign in with a passkey" }).waitFor();
    await setPresence(phone, true);
    // Chosen in the field for the name, or by the button: either is enough.
    await page
      .getByRole("button", { name: "Sign in with a passkey" })
      .click()
      .catch(() => {});
    await heading(page, "Profile");

    await phone.session.detach();
    expect(window.violations).toEqual([]);
  });

  test("rename and remove a passkey", { tags: ["long"] }, async ({ browser }) => {
    await using live = await start();
    await live.test.auth.createUser({ username: "ayse", password: alice.password });
    await using window = await openPagesWindow(browser);
    const { page, context } = window;
    await addAuthenticator(context, page);
    await signInByPassword(page, live);
    await addPasskey(window, live);
    await page.goto(`${atLocalhost(live.url)}/account/passkeys`);
    await page.getByLabel("Name", { exact: true }).fill("Blue phone");
    await page.getByRole("button", { name: /^Rename/ }).click();
    await page.locator("li", { hasText: "Blue phone" }).waitFor();
    await page.getByRole("button", { name: /^Remove:/ }).click();
    await page.getByText("You have none yet.").waitFor();
    expect(window.violations).toEqual([]);
  });

  test("ask for a passkey once more, and say so where one is not good any more", { tags: ["long"] }, async ({
    browser,
  }) => {
    await using live = await start();
    await live.test.auth.createUser({ username: "ayse", password: alice.password });
    await using window = await openPagesWindow(browser);
    const { page, context } = window;
    await addAuthenticator(context, page);
    await signInByPassword(page, live);
    await addPasskey(window, live);
    await live.test.clock.advance(700);
    await page.goto(`${atLocalhost(live.url)}/account/passkeys`);
    await page.getByRole("button", { name: /^Remove:/ }).click();
    await heading(page, "Show that it is you");
    await page.getByRole("button", { name: "Use a passkey" }).click();
    await heading(page, "Passkeys");
    await live.test.database.query("delete from latchkey.passkeys");
    await signOut(page);
    await page.goto(`${atLocalhost(live.url)}/sign-in`);
    await page.getByText("That passkey does not work here.").waitFor();
  });

  test("show no button for passkeys without a script, and all other ways", { tags: ["long"] }, async ({ browser }) => {
    await using live = await start();
    await using window = await openPagesWindow(browser, { javaScriptEnabled: false });
    const { page } = window;
    await page.goto(`${atLocalhost(live.url)}/sign-in`);
    expect(await page.getByRole("button").allTextContents()).toEqual(["Sign in"]);
  });
});
