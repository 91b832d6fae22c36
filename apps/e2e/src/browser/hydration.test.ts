import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { User } from "@latchkey/client";
import { makeTemporaryFolder } from "@latchkey/embedded-postgres/testing";
import { createElement } from "react";
import { renderToString } from "react-dom/server";
import { expect } from "vitest";
import { browserTest, inBrowser } from "./browser-test.ts";
import { bundlePage } from "./bundle-page.ts";
import { readHeadings, watchHeadings } from "./headings.ts";
import { createPageClient, HydratedPage } from "./hydrated-page.ts";
import { alice, startSite } from "./site.ts";
import { inPage, shows } from "./tab.ts";

const entry = `
  import { createElement } from "react";
  import { hydrateRoot } from "react-dom/client";
  import { createPageClient, HydratedPage } from ${JSON.stringify(fileURLToPath(new URL("hydrated-page.ts", import.meta.url)))};
  const { promise, resolve } = Promise.withResolvers();
  globalThis.openStorage = resolve;
  globalThis.auth = createPageClient(location.origin, promise);
  globalThis.complaints = [];
  const root = document.getElementById("root");
  const props = { auth, ...JSON.parse(document.getElementById("props").textContent) };
  hydrateRoot(root, createElement(HydratedPage, props), { onRecoverableError: (error) => complaints.push(String(error)) });
`;

interface Known {
  /** Who asks, where the server that renders knows it. */
  readonly initialUser?: User | null;
}

/** Its storage never answers: what a server renders does not depend on it. */
const onServer = createPageClient("http://127.0.0.1:9", new Promise(() => {}));

/** The document of a server that renders, as its bytes come to the browser. */
function render(known: Known): string {
  const html = renderToString(createElement(HydratedPage, { auth: onServer, ...known }));
  const props = JSON.stringify(known).replaceAll("<", "\\u003c");
  return `<!doctype html><html lang="en"><title>Page</title><div id="root">${html}</div>
    <script id="props" type="application/json">${props}</script><script type="module" src="/page.js"></script></html>`;
}

const test = inBrowser(
  browserTest
    // biome-ignore lint/correctness/noEmptyPattern: vitest reads from the pattern what a fixture needs
    .extend("script", { scope: "file" }, async ({}) => bundlePage(entry))
    .extend("hydrate", async ({ context, script }, { onCleanup }) => {
      const folder = await makeTemporaryFolder("latchkey-hydration-");
      const site = await startSite({ folder });
      onCleanup(async () => {
        await site[Symbol.asyncDispose]();
        await rm(folder, { recursive: true });
      });
      await writeFile(join(folder, "page.js"), script);
      const tab = await context.newPage();
      await watchHeadings(tab);
      /** Loads the page as the server renders it, and answers all that it showed until it knew who is signed in. */
      return async (known: Known, status: string) => {
        await writeFile(join(folder, "index.html"), render(known));
        await tab.goto(site.front.url);
        await tab.waitForFunction("globalThis.isHydrated");
        await tab.evaluate("openStorage()");
        await shows(tab, status);
        expect(await tab.evaluate("complaints")).toEqual([]);
        return { tab, headings: await readHeadings(tab) };
      };
    }),
);

test("a page that was rendered for somebody shows them from the first byte on, and one for a guest never shows anybody", async ({
  hydrate,
}) => {
  const { tab, headings } = await hydrate({ initialUser: null }, "signedOut, no");
  expect(headings).toEqual(["Sign in"]);
  await inPage(tab, (auth) => auth.signIn({ username: "alice", password: "correct horse battery" }));
  const initialUser = await inPage(tab, (auth) => auth.getSnapshot().user);
  expect(initialUser).toMatchObject({ username: alice.username });

  expect(render({ initialUser })).toContain("<h1>Hello, alice</h1>");
  expect((await hydrate({ initialUser }, "signedIn, no")).headings).toEqual(["Hello, alice"]);
});

test("a page that was rendered for whoever comes shows nobody's part before it is known whose it is", {
  tags: ["long"],
}, async ({ hydrate }) => {
  const { tab, headings } = await hydrate({}, "signedOut, no");
  expect(headings).toEqual(["Sign in"]);
  await inPage(tab, (auth) => auth.signIn({ username: "alice", password: "correct horse battery" }));

  expect(render({})).not.toContain("<h1>");
  expect((await hydrate({}, "signedIn, no")).headings).toEqual(["Hello, alice"]);
});
