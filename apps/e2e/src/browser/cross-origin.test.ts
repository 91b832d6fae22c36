import { expect } from "vitest";
import { test } from "./browser-test.ts";
import { startFront } from "./front.ts";
import { readSessions, type Site, startSite } from "./site.ts";
import { askWho, inPage, openTab, shows, signedIn, signIn } from "./tab.ts";

/** The methods and paths that reached the service, in order. */
function readLog({ logged }: Site): string[] {
  const lines = logged.map((line) => JSON.parse(line));
  return lines.filter(({ path }) => path).map(({ method, path, status }) => `${method} ${path} ${status}`);
}

test("a page of a named origin signs in, calls, reads refusals, and asks for leave once for each procedure", async ({
  context,
}) => {
  await using site = await startSite({ isApart: true });
  const tab = await openTab(context, site, { service: site.service });
  await signIn(tab, { username: "alice", password: "wrong horse battery" });
  await shows(tab, "invalid_credentials");
  await signIn(tab);
  await shows(tab, signedIn);
  expect(await askWho(tab)).toBe("alice");
  await site.test.clock.advance(20 * 60);
  expect(await askWho(tab)).toBe("alice");

  const asked = readLog(site).filter((line) => line.startsWith("OPTIONS"));
  expect(asked).toEqual([
    "OPTIONS /trpc/token.obtain 204",
    "OPTIONS /trpc/me.get 204",
    "OPTIONS /trpc/token.refresh 204",
  ]);
});

test("a page of a named origin on the same host uses the cookie, over a reload too", async ({ context }) => {
  await using site = await startSite({ isApart: true });
  const tab = await openTab(context, site, { service: site.service, storage: "cookie" });
  await signIn(tab);
  await shows(tab, signedIn);
  await tab.reload();

  expect(await askWho(tab)).toBe("alice");
  expect(await tab.evaluate("document.cookie")).toBe("");
  await inPage(tab, ({ signOut }) => signOut());
  expect(await readSessions(site)).toEqual(["signed_out"]);
  const left = await context.cookies(`${site.service}/cookie`);
  expect(left.map(({ name }) => name)).toEqual(["latchkey_device"]);
});

test.for([{}, { storage: "cookie" as const }])(
  "a page of an origin that is not named gets nowhere: its sign-in is never sent (%o)",
  async (mode, { context }) => {
    await using site = await startSite({ isApart: true });
    await using foreign = await startFront();
    const tab = await openTab(context, { ...site, front: foreign }, { service: site.service, ...mode });
    await signIn(tab);
    await shows(tab, "Failed to fetch");

    expect(await askWho(tab)).toBe("no answer");
    expect(readLog(site).filter((line) => line.startsWith("POST"))).toEqual([]);
    expect(await readSessions(site)).toEqual([]);
  },
);

test("who may call, and how, is said to the named origin alone", async () => {
  await using site = await startSite({ isApart: true });
  const ask = async (origin: string) => {
    const headers = {
      origin,
      "access-control-request-method": "POST",
      "access-control-request-headers": "authorization,content-type",
    };
    const answer = await fetch(`${site.service}/trpc/token.obtain`, { method: "OPTIONS", headers });
    return Object.fromEntries([...answer.headers].filter(([name]) => name.startsWith("access-control-")));
  };

  expect(await ask(site.front.url)).toMatchObject({
    "access-control-allow-origin": site.front.url,
    "access-control-allow-methods": "GET,POST",
    "access-control-allow-headers": "authorization,content-type",
  });
  expect(await ask("https://elsewhere.example")).not.toHaveProperty("access-control-allow-origin");
  expect(await ask("null")).not.toHaveProperty("access-control-allow-origin");
});
