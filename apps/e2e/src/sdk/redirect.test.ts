import { createHash } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { createAuthClient, isAuthError, memoryStorage } from "@latchkey/client";
import {
  handleRedirect,
  isRedirectError,
  type RedirectSignIn,
  signInWithRedirect,
  takeOverSession,
} from "@latchkey/client/redirect";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { call, isService, type LiveServer, startLiveServer } from "../live-server.ts";
import { createFormClient, type FormClient } from "../pages/form-client.ts";

const password = "correct horse battery";
const app = { clientId: "shop", redirectUri: "com.example.shop:/signed-in" };
let live: LiveServer;
beforeAll(async () => {
  const clients = [{ id: "shop", name: "Shop", redirectUris: [app.redirectUri, "https://shop.example.com/in"] }];
  live = await startLiveServer({}, { pages: { clients } });
});
afterAll(() => live?.[Symbol.asyncDispose]());

let people = 0;
let username: string;
/** The browser in which the person is signed in on the pages. */
let browser: FormClient;
beforeEach(async () => {
  username = `person_${++people}`;
  browser = createFormClient(live.url);
  await live.test.auth.createUser({ username, password });
  await browser.post("/cookie/sign-in", { form: "1", username, password });
});

const open = () => createAuthClient({ url: live.url });
type Client = ReturnType<typeof open>;

let forms = 1;

/** Where the app leads the person to. */
async function go(auth: Client, more: Partial<RedirectSignIn> = {}): Promise<string> {
  const places: string[] = [];
  await signInWithRedirect(auth, { ...app, ...more, navigate: (url) => places.push(url) });
  expect(places).toEqual([expect.stringContaining(`${live.url}/authorize?`)]);
  return (places[0] ?? "").slice(live.url.length);
}

/** The address that the person comes back with who lets the app have them, or does not. */
async function goAndComeBack(auth: Client, more: Partial<RedirectSignIn> & { readonly decline?: true } = {}) {
  const { decline, ...options } = more;
  const path = await go(auth, options);
  const answer = await browser.post(`/cookie${path}`, { form: String(++forms), ...(decline && { decline: "yes" }) });
  return answer.headers.get("location") ?? "";
}

const errorOf = (action: Promise<unknown>) =>
  action.then(
    (done) => done,
    (error: unknown) => (isRedirectError(error) ? error.code : isAuthError(error) ? error.data.reason : String(error)),
  );

const replace = (url: string, name: string, value: string | null) => {
  const [place = "", query = ""] = url.split("?");
  const parts = new URLSearchParams(query);
  if (value === null) parts.delete(name);
  else parts.set(name, value);
  return `${place}?${parts}`;
};

describe.skipIf(!isService)("an app without tabs", () => {
  it("signs in by the pages, is told where to go on, and calls as the person", async () => {
    const auth = open();
    const url = await goAndComeBack(auth, { returnTo: "/orders/7" });
    expect(await handleRedirect(auth, { url, deviceName: "Kitchen phone" })).toMatchObject({
      ...{ user: { username }, returnTo: "/orders/7" },
    });
    expect(auth.getSnapshot()).toMatchObject({ status: "signedIn", user: { username } });
    expect(await auth.api.me.get.query()).toMatchObject({ username });
    const devices = await auth.api.sessions.list.query();
    expect(devices).toHaveLength(2);
    expect(devices.find(({ current }) => current)).toMatchObject({ deviceName: "Kitchen phone" });

    // Signing out ends the app's session; that of the pages goes on.
    await auth.signOut();
    expect((await browser.get("/account")).status).toBe(200);
  });

  it("exchanges a code once, however often and in how many places it is told of it", async () => {
    const auth = open();
    const url = await goAndComeBack(auth);
    const outcomes = await Promise.all([1, 2, 3].map(() => handleRedirect(auth, { url })));
    expect(outcomes).toEqual(Array(3).fill({ user: expect.objectContaining({ username }), returnTo: undefined }));
    expect(await handleRedirect(auth, { url })).toBeNull();
    expect(await auth.api.me.get.query()).toMatchObject({ username });
  });

  it("takes nothing that it has not asked for: of another tab, of somebody else, of another program", async () => {
    const [auth, other] = [open(), open()];
    const url = await goAndComeBack(other);
    expect(await handleRedirect(auth, { url })).toBeNull();
    expect(auth.getSnapshot().status).not.toBe("signedIn");
    for (const foreign of [
      `${app.redirectUri}?code=abc`,
      `${app.redirectUri}?state=abc`,
      `${app.redirectUri}?code=abc&state=__proto__`,
      replace(url, "state", "abc"),
      app.redirectUri,
      "",
    ])
      expect(await handleRedirect(other, { url: foreign }), foreign).toBeNull();
    expect(await handleRedirect(other, { url })).toMatchObject({ user: { username } });
  });

  it("has several sign-ins under way, each with its own answer", async () => {
    const auth = open();
    const [first, second] = [
      await goAndComeBack(auth, { returnTo: "/1" }),
      await goAndComeBack(auth, { returnTo: "/2" }),
    ];
    expect(await handleRedirect(auth, { url: second })).toMatchObject({ returnTo: "/2" });
    expect(await handleRedirect(auth, { url: first })).toMatchObject({ returnTo: "/1" });
    // The later one is kept, and the one before is nobody's any more.
    expect(await auth.api.sessions.list.query()).toHaveLength(2);
  });

  it.each([["https://evil.example"], [null], ["http://127.0.0.1:1"]])(
    "is not taken in by an answer of another service: iss %s",
    async (iss) => {
      const auth = open();
      const url = await goAndComeBack(auth);
      expect(await errorOf(handleRedirect(auth, { url: replace(url, "iss", iss) }))).toBe("issuer_mismatch");
      // The code was shown to nobody, and what was kept for it is gone.
      expect(await handleRedirect(auth, { url })).toBeNull();
    },
  );

  it("is told that the person does not want to, or has nothing to show", async () => {
    const auth = open();
    expect(await errorOf(handleRedirect(auth, { url: await goAndComeBack(auth, { decline: true }) }))).toBe(
      "access_denied",
    );
    expect(isRedirectError(new Error("access_denied"))).toBe(false);
    const answer = await browser.get(await go(auth, { prompt: "none" }));
    const url = answer.headers.get("location") ?? "";
    expect(await errorOf(handleRedirect(auth, { url }))).toBe("interaction_required");
  });

  it("is refused a code that somebody else put in the place of its own", async () => {
    const [auth, attacker] = [open(), open()];
    const mine = await goAndComeBack(auth);
    const theirs = await goAndComeBack(attacker);
    const injected = replace(mine, "code", new URLSearchParams(theirs.split("?")[1]).get("code"));
    expect(await errorOf(handleRedirect(auth, { url: injected }))).toBe("code_invalid");
    expect(auth.getSnapshot().status).not.toBe("signedIn");
  });

  it("is refused a code that is too old, and begins anew", async () => {
    const auth = open();
    const url = await goAndComeBack(auth);
    await live.test.clock.advance(61);
    expect(await errorOf(handleRedirect(auth, { url }))).toBe("code_invalid");
    expect(await handleRedirect(auth, { url: await goAndComeBack(auth) })).toMatchObject({ user: { username } });
  });

  it("keeps what it needs in a storage of its own, and hashes with what it is given", async () => {
    const storage = memoryStorage();
    const sha256 = (bytes: Uint8Array) => new Uint8Array(createHash("sha256").update(bytes).digest());
    const url = await goAndComeBack(open(), { storage, sha256 });
    // Another process of the app, which the system has ended meanwhile.
    expect(await handleRedirect(open(), { url, storage })).toMatchObject({ user: { username } });
    expect(await storage.get()).toBeNull();
  });

  it("knows each of two sign-ins that were begun at once, however slow its storage is", async () => {
    const memory = memoryStorage();
    const storage = {
      get: async () => memory.get(),
      set: async (text: string) => setImmediate().then(() => memory.set(text)),
      remove: async () => memory.remove(),
    };
    const auth = open();
    const places: string[] = [];
    const sha256 = (bytes: Uint8Array) => new Uint8Array(createHash("sha256").update(bytes).digest());
    const begin = () => signInWithRedirect(auth, { ...app, storage, sha256, navigate: (url) => places.push(url) });
    await Promise.all([begin(), begin()]);
    const [place = ""] = places;
    const answer = await browser.post(`/cookie${place.slice(live.url.length)}`, { form: String(++forms) });
    const url = answer.headers.get("location") ?? "";
    expect(await handleRedirect(auth, { url, storage })).toMatchObject({ user: { username } });
    expect(JSON.parse(memory.get() as string)).toHaveLength(1);
  });

  it("leaves no verifier behind for sign-ins that nobody comes back from, but for the last few", async () => {
    const storage = memoryStorage();
    const auth = open();
    for (let at = 0; at < 20; at += 1) await signInWithRedirect(auth, { ...app, storage, navigate: () => {} });
    expect(JSON.parse((await storage.get()) ?? "[]")).toHaveLength(5);
  });

  it.each([
    "//evil.example/",
    "/\\evil.example/",
    "/\t/evil.example/",
    "https://evil.example/",
    "javascript:alert(1)",
    "",
  ])("goes on nowhere but on its own pages: %j", async (returnTo) => {
    const auth = open();
    const url = await goAndComeBack(auth, { returnTo });
    expect((await handleRedirect(auth, { url }))?.returnTo).toBeUndefined();
  });

  it("takes no answer of another client on the same page, and leaves it to that one", async () => {
    const [storage, auth] = [memoryStorage(), open()];
    const other = createAuthClient({ url: "http://127.0.0.1:9" });
    const url = await goAndComeBack(auth, { storage });
    expect(await handleRedirect(other, { url, storage })).toBeNull();
    expect(await handleRedirect(auth, { url, storage })).toMatchObject({ user: { username } });
  });

  it("says at once that in cookie mode it needs no redirect, and elsewhere has nothing to take over", async () => {
    const cookie = createAuthClient({ url: live.url, storage: "cookie" });
    await expect(signInWithRedirect(cookie, { ...app, navigate: () => {} })).rejects.toThrow(TypeError);
    await expect(takeOverSession(open())).rejects.toThrow(TypeError);
  });
});

it.skipIf(!isService)(
  "an app may ask for a language, an age and a registration, in the words of the service",
  async () => {
    const path = await go(open(), { language: "tr", maxAge: 60, prompt: "create" });
    const query = new URL(path, live.url).searchParams;
    expect(Object.fromEntries(query)).toMatchObject({ language: "tr", max_age: "60", prompt: "create" });
    expect(query.get("state")).toMatch(/^[\w-]{43}$/);
    expect(query.get("code_challenge")).toMatch(/^[\w-]{43}$/);
    const answer = await createFormClient(live.url).get(path);
    expect(answer.headers.get("location")).toMatch(/^\/register\?return_to=/);
    expect(answer.headers.getSetCookie().join()).toContain("latchkey_language=tr");
    expect((await call(live.url, "token.obtainByRedirect", { input: {} })).status).toBe(400);
  },
);
