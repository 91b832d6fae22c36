import { expect } from "vitest";
import { test } from "./browser-test.ts";
import { readSessions, type Site, startSite } from "./site.ts";
import { startFront } from "./static-server.ts";
import { askWho, inPage, openTab, shows, signedIn, signIn } from "./tab.ts";

/** The methods and paths that reached the service, in order. */
function readLog({ logged }: Site): string[] {
  const lines = logged.map((line) => JSON.parse(line));
  return lines.filter(({ path }) => path).map(({ method, path, status }) => `${method} ${path} ${status}`);
}

/** What the service said to whoever runs it. */
function readWarnings({ logged }: Site): string[] {
  const lines = logged.map((line) => JSON.parse(line));
  return lines.filter(({ level }) => level === "warn").map(({ msg }) => msg);
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

test("a page of a named origin on the same host uses the cookie, over a reload too", { tags: ["long"] }, async ({
  context,
}) => {
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
      "access-control-request-headers":
        "authorization,baggage,content-type,sentry-trace,traceparent,tracestate,trpc-accept",
    };
    const answer = await fetch(`${site.service}/trpc/token.obtain`, { method: "OPTIONS", headers });
    return Object.fromEntries([...answer.headers].filter(([name]) => name.startsWith("access-control-")));
  };

  expect(await ask(site.front.url)).toMatchObject({
    "access-control-allow-origin": site.front.url,
    "access-control-allow-methods": "GET,POST",
    "access-control-allow-headers": expect.stringMatching(
      /authorization,content-type,trpc-accept.*baggage,sentry-trace,traceparent,tracestate/,
    ),
  });
  expect(await ask("https://elsewhere.example")).not.toHaveProperty("access-control-allow-origin");
  expect(await ask("null")).not.toHaveProperty("access-control-allow-origin");
});

test("a page that is refused is told of once in the log, with the setting that would let it in", {
  tags: ["long"],
}, async ({ context }) => {
  await using site = await startSite({ isApart: true });
  await using foreign = await startFront();
  for (let visit = 0; visit < 2; visit += 1) {
    const tab = await openTab(context, { ...site, front: foreign }, { service: site.service });
    await signIn(tab);
    await shows(tab, "Failed to fetch");
  }

  expect(readWarnings(site)).toEqual([
    `pages of this origin get no answer; if they are yours, set CORS_ORIGINS=${site.front.url},${foreign.url}`,
  ]);
});

test("in development a page on this machine works without a setting, and with the cookie too", {
  tags: ["long"],
}, async ({ context }) => {
  await using site = await startSite({ isApart: true, settings: { corsOrigins: [], allowsLoopbackOrigins: true } });
  const page = { ...site, front: { ...site.front, url: site.front.url.replace("127.0.0.1", "localhost") } };
  const plain = await openTab(context, page, { service: site.service });
  await signIn(plain);
  await shows(plain, signedIn);
  // An app keeps sessions in one way, and its tabs share what the browser stores.
  await plain.evaluate("localStorage.clear()");
  await plain.close();

  const service = site.service.replace("127.0.0.1", "localhost");
  const hidden = await openTab(context, page, { service, storage: "cookie" });
  await signIn(hidden);
  await shows(hidden, signedIn);
  await hidden.reload();
  expect(await askWho(hidden)).toBe("alice");
  expect(readWarnings(site)).toEqual([`allowed in development; elsewhere set CORS_ORIGINS=${page.front.url}`]);
});

test("a page at localhost is told why it cannot have a cookie of a service at 127.0.0.1", { tags: ["long"] }, async ({
  context,
}) => {
  await using site = await startSite({ isApart: true, settings: { corsOrigins: [], allowsLoopbackOrigins: true } });
  const page = { ...site, front: { ...site.front, url: site.front.url.replace("127.0.0.1", "localhost") } };
  const tab = await openTab(context, page, { service: site.service, storage: "cookie" });

  const refusal = await inPage(tab, (auth) =>
    auth.signIn({ username: "alice", password: "correct horse battery" }).then(
      () => "signed in",
      (error) => error.message,
    ),
  );
  const reason = "To browsers localhost and 127.0.0.1 are two sites, and between two sites no cookie goes";
  expect(refusal).toContain(reason);
  expect(readWarnings(site).at(-1)).toContain(reason);
});

test("every page may read the public keys, also one that is traced, and nothing else of the service", {
  tags: ["long"],
}, async ({ context }) => {
  await using site = await startSite();
  await using foreign = await startFront();
  const tab = await context.newPage();
  await tab.goto(foreign.url);
  const read = (path: string) =>
    tab.evaluate(
      (url) =>
        fetch(url, { headers: { traceparent: "00-1-1-01" } }).then(
          (answer) => answer.text(),
          () => "refused",
        ),
      site.service + path,
    );

  expect(JSON.parse(await read("/.well-known/jwks.json")).keys).toHaveLength(1);
  for (const path of ["/trpc/me.get", "/healthz", "/readyz"]) expect(await read(path)).toBe("refused");
});
