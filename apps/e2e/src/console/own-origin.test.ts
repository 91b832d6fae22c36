import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { openConsoleFiles } from "@latchkey/api/console-files";
import { createInbox } from "@latchkey/auth/testing";
import { parsePublicUrl } from "@latchkey/server/internal";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { browserTest, inBrowser } from "../browser/browser-test.ts";
import { isService, type LiveServer, startLiveServer } from "../live-server.ts";
import { desktop, findFaults, openPagesWindow, takePagesWindow } from "../pages/look.ts";
import { createPerson, freshName, type Person, password } from "../permissions/accounts-in-core.ts";
import { signIn } from "./console-site.ts";

const test = inBrowser(browserTest);

/** An origin of this machine, as a proxy has it that changes nothing of what it hands on. */
interface Gate extends AsyncDisposable {
  readonly url: string;
  leadTo(url: string): void;
}

async function openGate(): Promise<Gate> {
  let port = 0;
  const server = createServer((client) => {
    const upstream = connect(port, "127.0.0.1");
    client.on("error", () => upstream.destroy()).on("close", () => upstream.destroy());
    upstream.on("error", () => client.destroy()).on("close", () => client.destroy());
    client.pipe(upstream).pipe(client);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}`,
    leadTo: (url) => {
      port = Number(new URL(url).port);
    },
    [Symbol.asyncDispose]: async () => {
      server.close();
    },
  };
}

let service: Gate;
let own: Gate;
let live: LiveServer;
let boss: Person;
beforeAll(async () => {
  [service, own] = await Promise.all([openGate(), openGate()]);
  const publicUrl = parsePublicUrl(service.url) ?? undefined;
  const inbox = createInbox();
  const messages = { senders: { sms: inbox, email: inbox }, isEnforced: false };
  live = await startLiveServer({ messages }, { publicUrl, console: openConsoleFiles({ publicUrl, origin: own.url }) });
  for (const gate of [service, own]) gate.leadTo(live.url);
  boss = await createPerson(live.test, { username: "boss", isSuperuser: true, isStaff: true });
});
afterAll(async () => {
  await live?.[Symbol.asyncDispose]();
  for (const gate of [service, own]) await gate?.[Symbol.asyncDispose]();
});

const desktopWindow = (browser: Parameters<typeof openPagesWindow>[0]) =>
  openPagesWindow(browser, { viewport: desktop, locale: "en" });

describe.skipIf(!isService)("a console with an origin of its own", () => {
  test("sends whoever is not signed in to the service's pages, and they come back to where they wanted to go", async ({
    context,
  }) => {
    await using window = await takePagesWindow(context, desktop);
    const { page } = window;
    await page.goto(`${own.url}/people?status=active`);
    await page.waitForURL(`${service.url}/sign-in?**`);
    await signIn(page, boss);
    await page.getByRole("link", { name: "boss" }).waitFor();
    expect(page.url()).toBe(`${own.url}/people?status=active`);
    // No token is where a script of the page, or of a browser's extension, would look for one.
    const stored = await page.evaluate<string>("JSON.stringify(localStorage) + document.cookie");
    expect(stored).not.toMatch(/eyJ|refreshToken\\?":\\?"[^"\\]/);
    const asked = await page.evaluate<string[]>(`performance.getEntriesByType("resource").map(({ name }) => name)`);
    const elsewhere = asked.filter((name) => !name.startsWith(`${own.url}/assets/`));
    expect(elsewhere.filter((name) => !/^\/(trpc|cookie)\//.test(name.slice(service.url.length)))).toEqual([]);
    await page.getByRole("button", { name: "boss" }).click();
    await page.getByRole("menuitem", { name: "Sign out" }).click();
    await page.waitForURL(`${service.url}/signed-out`);
    expect(window.violations).toEqual([]);
  });

  test("is the same after a reload, and is where addresses lead that were kept of one below the service", {
    tags: ["long"],
  }, async ({ browser }) => {
    await using window = await desktopWindow(browser);
    const { page } = window;
    await page.goto(`${own.url}/people`);
    await signIn(page, boss);
    await page.getByRole("link", { name: "boss" }).waitFor();
    await page.reload();
    await page.getByRole("link", { name: "boss" }).click();
    await page.getByRole("heading", { name: "boss" }).waitFor();
    expect(new URL(page.url()).pathname).toBe(`/people/${boss.id}`);
    expect(await findFaults(page)).toEqual([]);
    await page.goto(`${service.url}/console/groups`);
    await page.waitForURL(`${own.url}/groups`);
    await page.getByRole("button", { name: "boss" }).waitFor();
    expect(window.violations).toEqual([]);
  });

  test("is named by what stands at its address below the service", async () => {
    const answer = await fetch(`${service.url}/console/groups`);
    expect(answer.status).toBe(200);
    expect(await answer.text()).toContain(`${own.url}/groups`);
  });

  test("asks again who is there, by another way as well, and goes on with what was being done", {
    tags: ["long"],
  }, async ({ browser }) => {
    await using window = await desktopWindow(browser);
    const { page, context } = window;
    const { id } = await createPerson(live.test, { username: freshName() });
    await page.goto(`${own.url}/people/${id}`);
    await signIn(page, boss);
    await page.getByRole("button", { name: "Actions" }).waitFor();
    await live.test.clock.advance(601);
    await page.getByRole("button", { name: "Actions" }).click();
    await page.getByRole("menuitem", { name: "Delete" }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Delete" }).click();
    const confirming = page.getByRole("dialog", { name: "Confirm it is you" });
    const [other] = await Promise.all([context.waitForEvent("page"), confirming.getByRole("link").click()]);
    await other.waitForURL(`${service.url}/reauthenticate?**`);
    await other.getByLabel("Password", { exact: true }).fill(password);
    await other.getByRole("button", { name: "Continue" }).click();
    await other.waitForURL(`${own.url}/back`);
    await page.waitForURL(`${own.url}/people`);
    await expect(live.test.auth.users.get(id)).rejects.toMatchObject({ code: "not_found" });
    expect(window.violations).toEqual([]);
  });

  test("loses nothing that was typed when the session ends", { tags: ["long"] }, async ({ browser }) => {
    await using window = await desktopWindow(browser);
    const { page, context } = window;
    const editor = await createPerson(live.test, { isSuperuser: true });
    const { id } = await createPerson(live.test, { username: freshName() });
    await page.goto(`${own.url}/people/${id}`);
    await signIn(page, editor);
    await page.getByRole("button", { name: "Edit" }).first().click();
    await page.getByLabel("City").fill("Typed before");
    await live.test.auth.operator.endSessions(editor.username);
    await page.getByRole("button", { name: "Save" }).click();
    const ended = page.getByRole("alertdialog", { name: "Your session has ended" });
    const [other] = await Promise.all([
      context.waitForEvent("page"),
      ended.getByRole("link", { name: "Sign in" }).click(),
    ]);
    await signIn(other, editor);
    await other.waitForURL(`${own.url}/back`);
    await ended.waitFor({ state: "hidden" });
    expect(await page.getByLabel("City").inputValue()).toBe("Typed before");
    expect(window.violations).toEqual([]);
  });

  test("is the one origin beside the service's own whose pages may use the cookie", async () => {
    const refresh = (origin: string) =>
      fetch(`${service.url}/cookie/trpc/token.refresh`, {
        method: "POST",
        headers: { origin, "content-type": "application/json" },
        body: JSON.stringify({ refreshToken: "" }),
      });
    const allowed = await refresh(own.url);
    expect([allowed.status, allowed.headers.get("access-control-allow-origin")]).toEqual([401, own.url]);
    expect(allowed.headers.get("access-control-allow-credentials")).toBe("true");
    for (const origin of ["http://localhost:1", "null", "http://evil.example", own.url.replace("http", "https")]) {
      const refused = await refresh(origin);
      expect([refused.status, refused.headers.get("access-control-allow-origin")], origin).toEqual([403, null]);
    }
  });

  test("has nothing of the service but whether it runs: no procedure, no form and no key", async () => {
    for (const path of ["/trpc/me.get", "/sign-in", "/.well-known/jwks.json", "/openapi.json", "/cookie/renew"]) {
      const answer = await fetch(own.url + path);
      expect([answer.status, answer.headers.get("content-type")], path).toEqual([200, "text/html; charset=utf-8"]);
      expect(await answer.text(), path).toContain('<div id="root">');
      expect((await fetch(own.url + path, { method: "POST", body: "{}" })).status, path).toBe(405);
    }
    expect((await fetch(`${own.url}/readyz`)).status).toBe(200);
  });
});
