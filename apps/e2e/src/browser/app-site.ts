import { createLog } from "@latchkey/api/log";
import { startServer } from "@latchkey/api/server";
import { createInbox, createTestAuth, type Inbox, type TestAuth } from "@latchkey/auth/testing";
import type { Browser, BrowserContext, CDPSession, Page } from "playwright-core";
import { expect } from "vitest";
import { openPagesWindow, type PagesWindow, takePagesWindow } from "../pages/look.ts";
import { type Front, startFront } from "./static-server.ts";

export const password = "correct horse battery";

/** An app at an origin of its own, whose page signs in by the pages of the service, which is at another. */
export interface AppSite extends AsyncDisposable {
  /** Where the app's page is; a site of its own to browsers. */
  readonly app: string;
  readonly service: string;
  readonly front: Front;
  readonly test: TestAuth;
  readonly inbox: Inbox;
}

export async function startAppSite(): Promise<AppSite> {
  const inbox = createInbox();
  const passkeys = { rpId: "localhost", allowsLocalhost: true };
  const [front, auth] = await Promise.all([
    startFront(),
    createTestAuth({ passkeys, messages: { senders: { sms: inbox }, isEnforced: false } }),
  ]);
  const app = `${front.url}/app`;
  const clients = [{ id: "shop", name: "Corner Shop", redirectUris: [app, shop, "http://[::1]/app"] }];
  const server = await startServer({
    ...{ auth: auth.auth, log: createLog("silent"), host: "127.0.0.1", port: 0, pages: { clients } },
    corsOrigins: [front.url, new URL(shop).origin],
  });
  await auth.auth.createUser({ username: "alice", password });
  return {
    // Between the two, no cookie goes that is not for everybody.
    ...{ app, service: server.url.replace("127.0.0.1", "localhost"), front, test: auth, inbox },
    async [Symbol.asyncDispose]() {
      await server.close();
      await front[Symbol.asyncDispose]();
      await auth[Symbol.asyncDispose]();
    },
  };
}

/** An app at an address that is safe from others; no such host is asked. */
export const shop = "https://shop.example.com/app";

const appPage = (service: string, place: string) => `<!doctype html><html lang="en"><title>App</title>
<button id="in">Sign in</button> <button id="beside">Sign in beside</button> <button id="new">Register</button> <button id="out">Sign out</button><output></output>
<script type="module">
  import { createAuthClient, localStorageStorage } from "/sdk.js";
  import { handleRedirect, signInWithRedirect } from "/redirect.js";
  const auth = createAuthClient({ url: ${JSON.stringify(service)}, storage: localStorageStorage("app") });
  const output = document.querySelector("output");
  const show = (text) => (output.value = text);
  const go = (more) => signInWithRedirect(auth, { clientId: "shop", redirectUri: ${JSON.stringify(place)}, returnTo: "/orders", ...more });
  document.querySelector("#in").onclick = () => go();
  // What two windows share, where the pages come in a second one.
  const storage = localStorage.beside ? localStorageStorage("ways") : undefined;
  document.querySelector("#beside").onclick = () => {
    localStorage.beside = "yes";
    return go({ storage: localStorageStorage("ways"), navigate: (url) => open(url) });
  };
  document.querySelector("#new").onclick = () => go({ prompt: "create" });
  document.querySelector("#out").onclick = () => auth.signOut().then(() => show("Signed out"));
  // Twice, as an effect of React runs while one develops.
  const both = [handleRedirect(auth, { storage }), handleRedirect(auth, { storage })];
  try {
    const [one, two] = await Promise.all(both);
    const { username, phoneNumber } = await auth.api.me.get.query();
    show("Signed in as " + (username ?? phoneNumber) + (one && one === two ? ", to " + one.returnTo : ""));
  } catch (error) {
    show(error.code ?? error.data?.reason ?? error.message);
  }
</script>`;

export async function openAppWindow(browser: Browser, site: AppSite, { scripts = true } = {}): Promise<PagesWindow> {
  return leadToApp(await openPagesWindow(browser), site, { scripts });
}

/** As {@link openAppWindow}, in the tab that stays in the window of this process. */
export const takeAppWindow = async (context: BrowserContext, site: AppSite): Promise<PagesWindow> =>
  leadToApp(await takePagesWindow(context), site, { scripts: true });

async function leadToApp(
  window: PagesWindow,
  site: AppSite,
  { scripts }: { readonly scripts: boolean },
): Promise<PagesWindow> {
  // A page whose address is none of this machine's may call it where somebody has allowed that, which newer browsers ask for.
  for (const place of [site.app, shop, site.service])
    await window.context.grantPermissions(["local-network-access"], { origin: new URL(place).origin }).catch(() => {});
  const serving = await serveApp(window.page, site, { scripts });
  return {
    ...window,
    async [Symbol.asyncDispose]() {
      await serving.detach().catch(() => {});
      await window[Symbol.asyncDispose]();
    },
  };
}

/** Answers what the app is asked for, also where a redirect leads to it, in the place of a host that is not there. */
export async function serveApp(
  page: Page,
  site: AppSite,
  { scripts }: { readonly scripts: boolean },
): Promise<CDPSession> {
  const session = await page.context().newCDPSession(page);
  const origins = [site.app, shop, site.service].map((place) => new URL(place).origin);
  const script = async (name: string) => (await fetch(`${site.front.url}/${name}`)).text();
  const bodies: Readonly<Record<string, (origin: string) => Promise<string> | string>> = {
    "/app": (origin) => appPage(site.service, `${origin}/app`),
    "/own": () => ownPage,
    "/sdk.js": () => script("sdk.js"),
    "/redirect.js": () => script("redirect.js"),
  };
  session.on("Fetch.requestPaused", async ({ requestId, request }) => {
    const { origin, pathname } = new URL(request.url);
    const body = bodies[pathname];
    if (!body) return session.send("Fetch.failRequest", { requestId, errorReason: "BlockedByClient" }).catch(() => {});
    const type = pathname.endsWith(".js") ? "text/javascript" : "text/html; charset=utf-8";
    return session
      .send("Fetch.fulfillRequest", {
        ...{ requestId, responseCode: 200, responseHeaders: [{ name: "Content-Type", value: type }] },
        body: Buffer.from(await body(origin)).toString("base64"),
      })
      .catch(() => {});
  });
  const places = Object.keys(bodies).flatMap((path) => origins.map((origin) => `${origin}${path}*`));
  const patterns = [...places, ...(scripts ? [] : [`${site.service}/pages/*.js`])];
  await session.send("Fetch.enable", { patterns: patterns.map((urlPattern) => ({ urlPattern })) });
  return session;
}

export const shows = (page: Page, text: string) =>
  expect.poll(() => page.locator("output").textContent()).toContain(text);
export const press = (page: Page, name: string) => page.getByRole("button", { name, exact: true }).click();

export async function signInOnPages(page: Page): Promise<void> {
  await page.getByLabel("Phone number, username or e-mail").fill("alice");
  await press(page, "Use a password");
  await page.getByLabel("Password", { exact: true }).fill(password);
  await press(page, "Sign in");
}

export async function countSessions({ test: { database } }: AppSite, client: string | null) {
  const rows = await database.query<{ end_reason: string | null }>(
    "select end_reason from latchkey.sessions where client_id is not distinct from $1 order by id",
    [client],
  );
  return rows.map(({ end_reason: reason }) => reason);
}

const ownPage = `<!doctype html><html lang="en"><title>Own</title><button id="in">Sign in</button> <button id="out">Sign out</button><output></output>
<script type="module">
  import { createAuthClient } from "/sdk.js";
  import { takeOverSession } from "/redirect.js";
  const auth = createAuthClient({ url: location.origin, storage: "cookie" });
  const output = document.querySelector("output");
  const show = async () => {
    const users = await Promise.all([takeOverSession(auth), takeOverSession(auth)]);
    output.value = users.every(Boolean) ? users.map(({ username }) => username).join(", ") : "nobody";
  };
  document.querySelector("#in").onclick = () => location.assign("/sign-in?" + new URLSearchParams({ return_to: location.pathname }));
  document.querySelector("#out").onclick = () => auth.signOut().then(show);
  await show();
</script>`;
