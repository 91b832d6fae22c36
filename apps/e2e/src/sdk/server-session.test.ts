import { shareOut } from "@latchkey/auth/testing";
import { isAuthError } from "@latchkey/client";
import { createServerSession, type ServerSession, type ServerSessions } from "@latchkey/client/server";
import { test as base, describe, expect, vi } from "vitest";
import { type LiveServer, startLiveServer } from "../live-server.ts";
import { createDice } from "../sessions/seeded-random.ts";
import { countLive, holdAnswer } from "./hold-answer.ts";
import { credentials } from "./sdk-process.ts";

const forwardedSecret = "QbUOtmrRyAEDTGC2OQDKGVc4OPlRFsUKPPpLGUFh1RA";
const agent = "Mozilla/5.0 (Macintosh) Firefox/140.0";

/** A browser's cookies for one origin, as far as a server sets them. */
class Browser {
  readonly cookies = new Map<string, string>();

  request(path = "/", init: RequestInit = {}): Request {
    const headers = new Headers({ "user-agent": agent, "x-real-ip": "203.0.113.9" });
    const pairs = [...this.cookies].map(([name, value]) => `${name}=${value}`);
    if (pairs.length > 0) headers.set("cookie", pairs.join("; "));
    return new Request(`https://shop.example${path}`, { ...init, headers });
  }

  receive(response: Response): void {
    for (const line of response.headers.getSetCookie()) {
      const [, name = "", value = "", rest = ""] = /^([^=]+)=([^;]*);(.*)$/.exec(line) ?? [];
      expect(name).toMatch(/^__Host-/);
      expect(rest).toMatch(/; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
      expect(rest).not.toMatch(/domain/i);
      if (rest.includes("Max-Age=0;")) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
  }
}

interface Network {
  /** What was asked of the service. */
  readonly asked: string[];
  /** Answers instead of the service, or after it. */
  fault: ((path: string, send: () => Promise<Response>) => Promise<Response>) | null;
  readonly fetch: typeof fetch;
}

function createNetwork(): Network {
  const network: Network = {
    asked: [],
    fault: null,
    fetch: async (input, init) => {
      const path = new URL(String(input)).pathname.replace("/trpc/", "");
      network.asked.push(path);
      const send = () => fetch(input, init);
      return network.fault ? network.fault(path, send) : send();
    },
  };
  return network;
}

interface Site {
  readonly live: LiveServer;
  readonly network: Network;
  readonly serverSession: ServerSessions;
  readonly browser: Browser;
}

async function signIn({ serverSession, browser }: Pick<Site, "serverSession" | "browser">): Promise<void> {
  const session = await serverSession(browser.request());
  await session.signIn(credentials);
  browser.receive(session.commit(new Response()));
}

const test = base
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads here what a fixture needs
  .extend("live", { scope: "file" }, async ({}, { onCleanup }) => {
    const live = await startLiveServer({}, { forwardedSecrets: [forwardedSecret] });
    onCleanup(() => live[Symbol.asyncDispose]());
    await live.test.auth.createUser(credentials);
    return live;
  })
  .extend("site", async ({ live }): Promise<Site> => {
    const network = createNetwork();
    const serverSession = createServerSession({
      url: live.url,
      forwardedSecret,
      clientAddress: ({ headers }) => headers.get("x-real-ip"),
      fetch: network.fetch,
    });
    await live.test.database.query("delete from latchkey.sessions");
    return { live, network, serverSession, browser: new Browser() };
  });

/** Moves the clocks of the service and of the server that renders. */
async function pass({ live }: Site, seconds: number): Promise<void> {
  await live.test.clock.advance(seconds);
  vi.setSystemTime(Date.now() + seconds * 1_000);
}

async function withMovedClock(run: () => Promise<void>): Promise<void> {
  vi.useFakeTimers({ toFake: ["Date"] });
  try {
    await run();
  } finally {
    vi.useRealTimers();
  }
}

test("of a sign-in and a sign-out in one request the last one stands, and no session stays open", async ({ site }) => {
  const { live, network, serverSession, browser } = site;
  const { fault, reached, open } = holdAnswer("token.obtain");
  network.fault = async (path, send) =>
    (await fault({ procedures: [path], authorization: null, body: "" }, send)) ?? send();
  const session = await serverSession(browser.request());
  const signingIn = session.signIn(credentials);
  await reached;
  await session.signOut();
  open();
  await signingIn;
  expect(session.isSignedIn).toBe(false);
  browser.receive(session.commit(new Response()));
  expect(browser.cookies.has("__Host-latchkey")).toBe(false);
  expect(await countLive(live)).toBe(0);
});

describe("the cookie", () => {
  test("is of the app's own host, and nothing of it reaches a script or a cache", async ({ site }) => {
    const { serverSession, browser } = site;
    await signIn(site);
    expect([...browser.cookies.keys()]).toEqual(["__Host-latchkey", "__Host-latchkey-device"]);
    for (const value of browser.cookies.values()) expect(value.length).toBeLessThan(3_500);

    const session = await serverSession(browser.request());
    const answer = session.commit(Response.json(await session.user(), { headers: { vary: "Accept", etag: "x" } }));
    expect(answer.headers.get("cache-control")).toBe("private, no-store");
    expect(answer.headers.get("vary")).toBe("Accept, Cookie");
    expect(answer.headers.getSetCookie()).toEqual([]);
    expect(await answer.json()).toMatchObject({ username: "alice" });

    const redirect = session.commit(Response.redirect("https://shop.example/", 303));
    expect([redirect.status, redirect.headers.get("cache-control")]).toEqual([303, "private, no-store"]);
  });

  const strange = ["", "x", "1.2.3", "1.x.a.b", "a.b.c.d.e", "99.ref.a.b.c; __Host-latchkey=99.ref.a.b.c", "\u00ff"];
  test.for(strange)("%j is nobody's, and is taken away", async (value, { site: { serverSession, network } }) => {
    const headers = new Headers({ cookie: `other=1; __Host-latchkey=${value}` });
    const session = await serverSession(new Request("https://shop.example/", { headers }));
    expect(await session.user()).toBeNull();
    expect(session.isSignedIn).toBe(false);
    expect(network.asked).toEqual([]);
    expect(session.cookies().map(({ name, maxAge }) => [name, maxAge])).toEqual([["__Host-latchkey", 0]]);
    expect(session.requestHeaders().get("cookie")).toBe("other=1");
  });

  test("of another name is not looked at, and a browser without one is told nothing", async ({ site }) => {
    await signIn(site);
    const value = site.browser.cookies.get("__Host-latchkey");
    const headers = { cookie: `latchkey=${value}; __Secure-latchkey=${value}; x__Host-latchkey=${value}` };
    const session = await site.serverSession(new Request("https://shop.example/", { headers }));
    expect(await session.user()).toBeNull();
    expect(session.headers().getSetCookie()).toEqual([]);
  });

  test("goes with a sign-out, which ends the session, and the device stays known", async ({ site }) => {
    await signIn(site);
    const session = await site.serverSession(site.browser.request());
    await session.signOut();
    site.browser.receive(session.commit(new Response()));
    expect([...site.browser.cookies.keys()]).toEqual(["__Host-latchkey-device"]);
    const rows = await site.live.test.database.query("select end_reason from latchkey.sessions");
    expect(rows).toEqual([{ end_reason: "signed_out" }]);
  });

  test("of a session that has ended goes with the next answer", async ({ site }) => {
    await signIn(site);
    await site.live.test.database.query("update latchkey.sessions set ended_at = now(), end_reason = 'revoked'");
    const session = await site.serverSession(site.browser.request());
    expect(await session.user()).toBeNull();
    site.browser.receive(session.commit(new Response()));
    expect(site.browser.cookies.has("__Host-latchkey")).toBe(false);
  });

  test("follows a new password, and a second sign-in ends the first", async ({ site }) => {
    await signIn(site);
    await signIn(site);
    const live = "select count(*)::int as live from latchkey.sessions where ended_at is null";
    expect(await site.live.test.database.query(live)).toEqual([{ live: 1 }]);
    const before = site.browser.cookies.get("__Host-latchkey");
    const session = await site.serverSession(site.browser.request());
    const { password } = credentials;
    await session.api.me.changePassword.mutate({ currentPassword: password, newPassword: `${password} 2` });
    site.browser.receive(session.commit(new Response()));
    expect(site.browser.cookies.get("__Host-latchkey")).not.toBe(before);
    await session.api.me.changePassword.mutate({ currentPassword: `${password} 2`, newPassword: password });
  });

  test.for([
    [
      "a reauthentication",
      ({ api }: ServerSession) => api.me.reauthenticate.mutate({ password: credentials.password }),
    ],
    ["another sign-in", (session: ServerSession) => session.signIn(credentials)],
  ] as const)("of before %s is not put back by an answer that is rendered for longer", ([, moveOn], { site }) =>
    withMovedClock(async () => {
      const { serverSession, browser } = site;
      await signIn(site);
      await pass(site, 961);
      const slow = await serverSession(browser.request());
      expect((await slow.user())?.username).toBe("alice");
      const quick = await serverSession(browser.request());
      await moveOn(quick);
      browser.receive(quick.commit(new Response()));
      const newest = browser.cookies.get("__Host-latchkey");
      browser.receive(slow.commit(new Response()));
      expect(browser.cookies.get("__Host-latchkey")).toBe(newest);

      await pass(site, 961);
      const next = await serverSession(browser.request());
      expect((await next.user())?.username).toBe("alice");
    }),
  );

  test("is committed by a handler with every answer, also with one that is thrown", async ({ site }) => {
    const { serverSession, browser } = site;
    const post = serverSession.handler(async (request, session) => {
      await session.signIn((await request.json()) as typeof credentials);
      throw Response.redirect("https://shop.example/", 303);
    });
    const request = browser.request("/sign-in", { method: "POST", body: JSON.stringify(credentials) });
    const thrown = await post(request).catch((response: unknown) => response);
    if (!(thrown instanceof Response)) throw thrown;
    browser.receive(thrown);
    expect(browser.cookies.has("__Host-latchkey")).toBe(true);
  });
});

describe("a component, which cannot set cookies", () => {
  test("reads the person and renews nothing, nor does it show anybody as signed out", async ({ site }) => {
    await signIn(site);
    const { headers } = site.browser.request();
    expect((await (await site.serverSession({ headers })).user())?.username).toBe("alice");
    await withMovedClock(async () => {
      await pass(site, 961);
      const late = await site.serverSession({ headers });
      expect(late.isSignedIn).toBe(true);
      const error = await late.user().catch((thrown: unknown) => thrown);
      expect(isAuthError(error, "token_expired")).toBe(true);
      expect(site.network.asked).not.toContain("token.refresh");
      await expect(late.signIn(credentials)).rejects.toThrow("can set cookies");
      await expect(late.signOut()).rejects.toThrow("can set cookies");
    });
  });

  test("makes no call that answers a new mark of this browser, which would be lost with the old one", async ({
    site,
  }) => {
    await signIn(site);
    const { api, isSignedIn } = await site.serverSession({ headers: site.browser.request().headers });
    expect(isSignedIn).toBe(true);
    site.network.asked.length = 0;
    await expect(api.me.devices.forget.mutate()).rejects.toThrow("can set cookies");
    await expect(api.sessions.revokeOthers.mutate()).rejects.toThrow("can set cookies");
    expect(site.network.asked).toEqual([]);
  });

  test("behind a proxy gets the tokens that the proxy has just renewed", async ({ site }) => {
    await signIn(site);
    await withMovedClock(async () => {
      await pass(site, 961);
      const proxy = await site.serverSession(site.browser.request());
      const component = await site.serverSession({ headers: proxy.requestHeaders() });
      expect((await component.user())?.username).toBe("alice");
      site.browser.receive(proxy.commit(new Response()));
      expect(site.network.asked.filter((path) => path === "token.refresh")).toHaveLength(1);
    });
  });
});

/** One page: five loaders side by side, each with a request of its own or all with the same. */
async function render({ serverSession }: Site, request: Request, isShared: boolean) {
  const loaders = Array.from({ length: 5 }, async () => {
    const session = await serverSession(isShared ? request : request.clone());
    const user = await session.user();
    return { user, session };
  });
  return Promise.allSettled(loaders);
}

const mergeCookies = (sessions: readonly ServerSession[]) => {
  const answer = new Response();
  for (const session of sessions) session.commit(answer);
  return answer;
};

for (const { tags, cases } of shareOut([60, 200], 2))
  test.for(cases)(
    "in %i renders of 5 parallel loaders, with answers that are lost and tokens that run out, nobody is signed out",
    { tags, timeout: 60_000 },
    async (renders, { site }) => {
      await signIn(site);
      const dice = createDice(7);
      const tally = { renders: 0, refreshes: 0, failures: 0, lost: 0, signedOut: 0 };
      await withMovedClock(async () => {
        let isHurried = false;
        while (tally.renders < renders) {
          await pass(
            site,
            isHurried
              ? dice.between(1, 20)
              : dice.pick([
                  [3, dice.between(1, 60)],
                  [2, dice.between(800, 2_000)],
                ] as const),
          );
          isHurried = false;
          const isBroken = dice.roll() < 0.15;
          site.network.fault = isBroken
            ? async (path, send) => {
                const answer = await send();
                if (path === "token.refresh") throw new TypeError("terminated");
                return answer;
              }
            : null;
          site.network.asked.length = 0;
          const results = await render(site, site.browser.request(), dice.roll() < 0.5);
          const refreshes = site.network.asked.filter((path) => path === "token.refresh").length;
          expect(refreshes).toBeLessThanOrEqual(1);
          tally.renders += 1;
          tally.refreshes += refreshes;
          const done = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
          tally.failures += results.length - done.length;
          tally.signedOut += done.filter(({ user }) => user === null).length;
          const isLost = dice.roll() < 0.2;
          if (isLost) tally.lost += 1;
          else site.browser.receive(mergeCookies(done.map(({ session }) => session)));
          // A person whose page did not come tries again soon.
          isHurried = isLost || done.length === 0;
        }
      });
      expect(tally).toMatchObject({ renders, signedOut: 0 });
      expect(Math.min(tally.refreshes, tally.failures, tally.lost)).toBeGreaterThan(renders / 20);
    },
  );

test("a refresh that fails is tried once for a page, and keeps the cookie", async ({ site }) => {
  await signIn(site);
  await withMovedClock(async () => {
    await pass(site, 961);
    site.network.fault = () => Promise.reject(new TypeError("fetch failed"));
    site.network.asked.length = 0;
    const session = await site.serverSession(site.browser.request());
    await expect(session.user()).rejects.toThrow("fetch failed");
    await expect(session.api.me.get.query()).rejects.toThrow("fetch failed");
    expect(site.network.asked).toEqual(["token.refresh"]);
    expect(session.headers().getSetCookie()).toEqual([]);
  });
});

test("a session that is replaced in any way has ended", async ({ site }) => {
  const { serverSession, browser, live } = site;
  await signIn(site);
  const session = await serverSession(browser.request());
  await session.api.token.obtain.mutate(credentials);
  const rows = await live.test.database.query<{ isLive: boolean }>(
    'select ended_at is null as "isLive" from latchkey.sessions order by created_at',
  );
  expect(rows.map(({ isLive }) => isLive)).toEqual([false, true]);
});

describe("a request that a page of another origin has sent", () => {
  const send = ({ browser }: Site, headers: Readonly<Record<string, string>>, method = "POST") => {
    const request = browser.request("/", { method });
    return new Request(request, { headers: { ...Object.fromEntries(request.headers), ...headers } });
  };

  test.for<Readonly<Record<string, string>>>([
    { "sec-fetch-site": "cross-site", origin: "https://evil.example" },
    { "sec-fetch-site": "same-site", origin: "https://blog.shop.example" },
    { origin: "https://evil.example" },
    { origin: "null" },
  ])("signs nobody in, acts as nobody, and leaves the cookie: %o", async (headers, { site }) => {
    await signIn(site);
    const session = await site.serverSession(send(site, headers));
    expect([session.isSignedIn, await session.user()]).toEqual([false, null]);
    await expect(session.signIn(credentials)).rejects.toThrow("trustedOrigins");
    await expect(session.api.token.obtain.mutate(credentials)).rejects.toThrow("trustedOrigins");
    expect(session.headers().getSetCookie()).toEqual([]);
  });

  test("is one of ours where its origin is named, or the app's own, and a link from elsewhere always is", async ({
    site,
  }) => {
    await signIn(site);
    const own = [
      send(site, { "sec-fetch-site": "same-origin", origin: "https://shop.example" }),
      send(site, { origin: "https://shop.example" }),
      send(site, { origin: "https://www.shop.example", "x-forwarded-host": "www.shop.example" }),
      send(site, {}),
      send(site, { "sec-fetch-site": "cross-site" }, "GET"),
    ];
    for (const request of own) expect((await site.serverSession(request)).isSignedIn).toBe(true);
    const trusting = createServerSession({ url: site.live.url, trustedOrigins: ["https://blog.shop.example"] });
    const named = send(site, { "sec-fetch-site": "same-site", origin: "https://blog.shop.example" });
    expect((await trusting(named)).isSignedIn).toBe(true);
  });
});

describe("the address of the browser", () => {
  const readFacts = async ({ live }: Site) => {
    const rows = await live.test.database.query<{ address: string; userAgent: string }>(
      `select address, user_agent as "userAgent" from latchkey.sessions order by created_at desc limit 1`,
    );
    return rows[0];
  };

  test("is noted with the session, with the browser's user agent", async ({ site }) => {
    await signIn(site);
    expect(await readFacts(site)).toEqual({ address: "203.0.113.9", userAgent: agent });
  });

  test.for([undefined, `${forwardedSecret.slice(1)}x`])(
    "counts for nothing with the secret %j",
    async (secret, { site }) => {
      const serverSession = createServerSession({
        url: site.live.url,
        forwardedSecret: secret,
        clientAddress: () => "203.0.113.9",
      });
      await signIn({ serverSession, browser: site.browser });
      expect((await readFacts(site))?.address).toMatch(/127\.0\.0\.1/);
      if (secret) expect(site.live.logged.join("")).toContain("FORWARDED_SECRET");
      expect(site.live.logged.join("")).not.toContain(secret ?? forwardedSecret);
    },
  );

  test("and the secret are not taken along to where a redirect leads", async ({ site }) => {
    const asked: RequestInit[] = [];
    const serverSession = createServerSession({
      url: site.live.url,
      forwardedSecret,
      clientAddress: () => "203.0.113.9",
      fetch: async (_input, init) => {
        asked.push(init ?? {});
        return new Response(null, { status: 307, headers: { location: "https://evil.example/" } });
      },
    });
    const session = await serverSession(site.browser.request());
    await expect(session.signIn(credentials)).rejects.toThrow();
    expect(asked.map(({ redirect, cache }) => [redirect, cache])).toEqual([["manual", "no-store"]]);
  });
});
