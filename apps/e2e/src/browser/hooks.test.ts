import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { showTotp } from "@latchkey/auth/testing";
import { makeTemporaryFolder } from "@latchkey/embedded-postgres/testing";
import type { Page } from "playwright-core";
import { expect } from "vitest";
import { addAuthenticator, setPresence, setUserVerified, type VirtualAuthenticator } from "./authenticator.ts";
import { browserTest, inBrowser } from "./browser-test.ts";
import { bundlePage } from "./bundle-page.ts";
import { alice, type Site, startSite } from "./site.ts";
import { inPage, shows } from "./tab.ts";

const entry = `
  import { createRoot } from "react-dom/client";
  import { createHooksPage } from ${JSON.stringify(fileURLToPath(new URL("hooks-page.ts", import.meta.url)))};
  createRoot(document.getElementById("root")).render(createHooksPage());
`;
const html = '<!doctype html><title>Hooks</title><div id="root"></div><script type="module" src="/page.js"></script>';

/** Notes how the page asks the browser: `conditional` with autofill, and `now` by a click. */
const noteAsking = `(() => {
  window.asked = [];
  const get = navigator.credentials.get.bind(navigator.credentials);
  navigator.credentials.get = (options) => {
    window.asked.push(options.mediation ?? "now");
    return get(options);
  };
})()`;

interface Opened {
  readonly tab: Page;
  readonly phone: VirtualAuthenticator;
  readonly username: string;
}

let people = 0;

const test = inBrowser(
  browserTest
    // biome-ignore lint/correctness/noEmptyPattern: vitest reads from the pattern what a fixture needs
    .extend("hooksSite", { scope: "file" }, async ({}, { onCleanup }): Promise<Site> => {
      const folder = await makeTemporaryFolder("latchkey-hooks-");
      await writeFile(join(folder, "page.js"), await bundlePage(entry));
      await writeFile(join(folder, "index.html"), html);
      const site = await startSite({ folder, core: { passkeys: { rpId: "localhost", allowsLocalhost: true } } });
      onCleanup(async () => {
        await site[Symbol.asyncDispose]();
        await rm(folder, { recursive: true });
      });
      return site;
    })
    // The page, in a tab with a phone of its own, and somebody who is signed in there.
    .extend("openPage", ({ context, hooksSite }) => async (): Promise<Opened> => {
      const username = `person_${++people}`;
      await hooksSite.test.auth.createUser({ username, password: alice.password });
      const tab = await context.newPage();
      const phone = await addAuthenticator(context, tab);
      await tab.addInitScript(noteAsking);
      await tab.goto(`${hooksSite.front.url.replace("127.0.0.1", "localhost")}/`);
      await press(tab, "Sign in", { Username: username });
      await tab.waitForFunction("auth.getSnapshot().status === 'signedIn'");
      return { tab, phone, username };
    }),
);

async function press(tab: Page, name: string, typed: Readonly<Record<string, string>> = {}): Promise<void> {
  for (const [label, text] of Object.entries(typed)) await tab.getByLabel(label, { exact: true }).fill(text);
  await tab.getByRole("button", { name, exact: true }).click();
}

const signOut = (tab: Page) => inPage(tab, (auth) => auth.signOut());
const asked = (tab: Page) => tab.evaluate<string[]>("window.asked");
const hasAsked = (tab: Page, times: number) => tab.waitForFunction(`window.asked.length === ${times}`);

async function addPasskey({ tab }: Opened): Promise<void> {
  await press(tab, "Add a passkey");
  await shows(tab, "Passkey: idle; nobody; no error; added Phone.");
}

/** The page once more, with autofill, and nobody's finger on the phone. */
async function openAutofill({ tab, phone }: Opened): Promise<void> {
  await signOut(tab);
  await setPresence(phone, false);
  await tab.goto(`${tab.url()}?autofill`);
  await tab.waitForFunction("window.asked.at(-1) === 'conditional'");
  await tab.evaluate("window.asked = []");
}

test("usePasskey adds a passkey, says so where the person changes their mind, and signs in at the next click", {
  tags: ["long"],
}, async ({ openPage }) => {
  const opened = await openPage();
  const { tab, phone, username } = opened;
  await addPasskey(opened);
  await press(tab, "Add a passkey");
  await shows(tab, /Passkey: idle; nobody; InvalidStateError/);
  await signOut(tab);

  await setUserVerified(phone, false);
  await press(tab, "Use a passkey");
  await shows(tab, /Passkey: idle; nobody; no error/);
  await hasAsked(tab, 1);
  await setUserVerified(phone, true);
  await press(tab, "Use a passkey");
  await shows(tab, `Passkey: idle; ${username}; no error`);
  expect(await inPage(tab, (auth) => auth.getSnapshot().user?.username)).toBe(username);
  await signOut(tab);
});

test("usePasskey waits with autofill, again after something else has ended that, and signs in by what is chosen", {
  tags: ["long"],
}, async ({ openPage }) => {
  const opened = await openPage();
  const { tab, phone, username } = opened;
  await addPasskey(opened);
  await openAutofill(opened);
  await shows(tab, "Passkey: idle; nobody; no error");

  await setPresence(phone, true);
  // Refused, since nobody is signed in.
  await press(tab, "Add a passkey");
  await shows(tab, `Passkey: idle; ${username}; no error`);
  expect(await asked(tab)).toEqual(["conditional"]);
  await signOut(tab);
});

test("usePasskey at a second click asks once more, and autofill does not come between", { tags: ["long"] }, async ({
  openPage,
}) => {
  const opened = await openPage();
  const { tab, phone, username } = opened;
  await addPasskey(opened);
  await openAutofill(opened);

  await press(tab, "Use a passkey");
  await hasAsked(tab, 1);
  await shows(tab, "Passkey: asking; nobody");
  await setPresence(phone, true);
  await press(tab, "Use a passkey");
  await shows(tab, `Passkey: idle; ${username}; no error`);
  expect(await asked(tab)).toEqual(["now", "now"]);
  await signOut(tab);
});

test("a component with usePasskey that goes while the browser asks leaves nothing waiting, and the next one signs in", {
  tags: ["long"],
}, async ({ openPage }) => {
  const opened = await openPage();
  const { tab, phone, username } = opened;
  await addPasskey(opened);
  await signOut(tab);
  await setPresence(phone, false);
  await tab.evaluate(`(() => {
    const get = navigator.credentials.get;
    navigator.credentials.get = (options) => get(options).catch((error) => {
      window.ended = error.name;
      throw error;
    });
  })()`);
  await press(tab, "Use a passkey");
  await hasAsked(tab, 1);
  await press(tab, "Close");
  await tab.waitForFunction("window.ended === 'AbortError'");

  await setPresence(phone, true);
  await press(tab, "Open");
  await shows(tab, /Passkey: idle; nobody; no error/);
  await press(tab, "Use a passkey");
  await shows(tab, `Passkey: idle; ${username}; no error`);
  await signOut(tab);
});

test("useSecondFactor waits for what the app shows, takes other digits after wrong ones, and signs in", {
  tags: ["long"],
}, async ({ openPage, hooksSite: { test: service } }) => {
  const { tab, username } = await openPage();
  const api = await tab.evaluateHandle<import("@latchkey/client").AuthClient["api"]>("auth.api");
  const { ticket, secret } = await api.evaluate(({ me }) => me.totp.start.mutate());
  const totp = await showTotp(service, secret);
  await api.evaluate(({ me }, shown) => me.totp.confirm.mutate(shown), { ticket, totp });
  await signOut(tab);

  await press(tab, "Sign in", { Username: username });
  await shows(tab, "Factor: waits for totp; nobody; no error.");
  await press(tab, "Show", { Digits: totp });
  await shows(tab, "Factor: waits for totp; nobody; code_invalid.");
  expect(await inPage(tab, (auth) => auth.getSnapshot().status)).toBe("signedOut");
  await service.clock.advance(30);
  // Another sign-in that is refused meanwhile takes nothing from this one.
  await tab.route("**/token.obtainBySecondFactor", async (route) => {
    const response = await route.fetch();
    const refused = tab.waitForResponse("**/token.obtain");
    await press(tab, "Sign in", { Username: "nobody_here" });
    await (await refused).finished();
    await route.fulfill({ response });
  });
  await press(tab, "Show", { Digits: await showTotp(service, secret) });
  await shows(tab, `Factor: waits for nothing; ${username}; no error.`);
  expect(await inPage(tab, (auth) => auth.getSnapshot().status)).toBe("signedIn");
  await signOut(tab);
});

test("useReauthenticate asks once for two calls that wait, and both run; or neither, where the person gives up", {
  tags: ["long"],
}, async ({ openPage, hooksSite: { test: service, front } }) => {
  const { tab } = await openPage();
  await service.clock.advance(700);
  const askTwo = () =>
    inPage(tab, ({ api }) =>
      Promise.all(
        [api.me.passkeys.start.mutate(), api.me.totp.start.mutate()].map((call) =>
          call.then(
            () => "ran",
            (error) => error.data?.reason as string,
          ),
        ),
      ),
    );
  const shown = () => front.requests.filter(({ path }) => path.includes("me.reauthenticate")).length;

  const given = askTwo();
  await shows(tab, "Again: 600; no error.");
  await press(tab, "Not now");
  expect(await given).toEqual(["reauthentication_required", "reauthentication_required"]);
  await shows(tab, "Again: nothing; no error.");
  expect(shown()).toBe(0);

  const both = askTwo();
  await press(tab, "Show again", { Password: "not the password" });
  await shows(tab, "Again: 600; invalid_credentials.");
  await press(tab, "Show again", { Password: alice.password });
  expect(await both).toEqual(["ran", "ran"]);
  await shows(tab, "Again: nothing; no error.");
  expect(shown()).toBe(2);
  await signOut(tab);
});
