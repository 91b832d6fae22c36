import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { shareOut, showTotp } from "@latchkey/auth/testing";
import { createAuthClient } from "@latchkey/client";
import { createTokenVerifier, type TokenVerifierOptions } from "@latchkey/verify";
import { createVerifiedBuilders, createVerifiedProcedure, responseMeta } from "@latchkey/verify/trpc";
import { createTRPCClient } from "@trpc/client";
import { initTRPC, TRPCError } from "@trpc/server";
import { fetchRequestHandler } from "@trpc/server/adapters/fetch";
import { createHTTPServer } from "@trpc/server/adapters/standalone";
import { afterAll, beforeAll, beforeEach, describe, expect, expectTypeOf, test } from "vitest";
import { type LiveServer, startLiveServer } from "../live-server.ts";
import { createPerson, password } from "../permissions/accounts-in-core.ts";
import { type CountingProxy, startCountingProxy } from "./counting-proxy.ts";

let live: LiveServer;
let proxy: CountingProxy;
beforeAll(async () => {
  live = await startLiveServer({ permissions: ["shop.order", "notes.note"], sessions: { perUser: 100 } });
  proxy = await startCountingProxy(live.url);
});
afterAll(async () => {
  await proxy[Symbol.asyncDispose]();
  await live[Symbol.asyncDispose]();
});
beforeEach(() => proxy.answerWith(null));

type Options = Partial<TokenVerifierOptions>;

/** Options as another service writes them, but with the test's clock. */
function optionsOf(options: Options = {}): TokenVerifierOptions {
  const jwks = `${proxy.url}/.well-known/jwks.json`;
  return { issuer: "latchkey", audience: "latchkey", jwks, clock: live.test.clock, ...options } as TokenVerifierOptions;
}

/** Another team's service: a router with its own context and its own shape of errors. */
function createShop(options: Options = {}) {
  const t = initTRPC.context<{ tenant: string; authorization: string | undefined }>().create({
    isDev: false,
    errorFormatter: ({ shape }) => ({ ...shape, data: { code: shape.data.code, theirs: true } }),
  });
  const { verifiedProcedure, permittedProcedure, recentProcedure } = createVerifiedBuilders<
    "shop.delete_order" | "shop.view_order"
  >(optionsOf(options));
  return t.router({
    whoami: t.procedure.concat(verifiedProcedure).query(({ ctx }) => {
      expectTypeOf(ctx.userId).toEqualTypeOf<string>();
      return { tenant: ctx.tenant, userId: ctx.userId, sessionId: ctx.claims.sid };
    }),
    cancel: t.procedure.concat(permittedProcedure("shop.delete_order")).mutation(({ ctx }) => ctx.userId),
    look: t.procedure.concat(permittedProcedure("shop.view_order")).query(() => "seen"),
    payOut: t.procedure.concat(recentProcedure({ maxAge: 300, acr: "2" })).query(() => "paid"),
    recent: t.procedure.concat(recentProcedure({ maxAge: 300 })).query(() => "recent"),
    broken: t.procedure.concat(verifiedProcedure).query(() => {
      throw new TRPCError({ code: "NOT_FOUND", message: "No such order" });
    }),
  });
}

type Shop = ReturnType<typeof createShop>;

/** Calls the shop over the platform's own requests. */
function caller(router: Shop) {
  return async (path: string, authorization?: string) => {
    const isMutation = path === "cancel";
    const headers = { "content-type": "application/json", ...(authorization !== undefined && { authorization }) };
    const response = await fetchRequestHandler({
      endpoint: "/trpc",
      req: new Request(`http://shop.test/trpc/${path}`, { method: isMutation ? "POST" : "GET", headers }),
      router,
      createContext: ({ req }) => ({ tenant: "shop", authorization: req.headers.get("authorization") ?? undefined }),
      responseMeta,
    });
    const { result, error } = (await response.json()) as {
      result?: { data: unknown };
      error?: { message: string; data: Record<string, unknown> };
    };
    return { status: response.status, headers: response.headers, data: result?.data, error };
  };
}

const bearer = ({ token }: { token: string }) => `Bearer ${token}`;
/** So many sessions of one person. */
async function openSessions(count: number) {
  const { username } = await createPerson(live.test);
  const signIn = () => live.test.auth.signIn({ username, password }, live.test.facts);
  return Promise.all(Array.from({ length: count }, signIn));
}

const verifications = () => proxy.paths.filter((path) => path.startsWith("/trpc/")).length;

describe("a router with a formatter of its own", () => {
  test("refuses strangers, forgers and the late with the reason, 401 and a challenge", async () => {
    const call = caller(createShop());
    const person = await createPerson(live.test);
    const stranger = await call("whoami");
    expect(stranger).toMatchObject({ status: 401, error: { data: { reason: "token_missing", path: "whoami" } } });
    expect(stranger.headers.get("www-authenticate")).toBe('Bearer realm="latchkey"');
    for (const authorization of [
      "Bearer x.y.z",
      "Bearer",
      `${bearer(person)}, ${bearer(person)}`,
      `${bearer(person)}=`,
    ]) {
      const refused = await call("whoami", authorization);
      expect(refused, authorization).toMatchObject({ status: 401, error: { data: { reason: "token_invalid" } } });
      expect(refused.headers.get("www-authenticate")).toContain('error="invalid_token"');
    }
    expect((await call("whoami", "Basic YTpi")).error?.data).toMatchObject({ reason: "token_missing" });
    expect((await call("whoami", bearer(person))).data).toMatchObject({ tenant: "shop", userId: person.id });
    await live.test.clock.advance(1_000);
    expect((await call("whoami", bearer(person))).error?.data).toMatchObject({ reason: "token_expired" });
  });

  test("lets those on who have shown two factors lately, and tells all others what is wanted", async () => {
    const call = caller(createShop());
    const person = await createPerson(live.test);
    const { auth, facts, clock } = live.test;
    const refused = await call("payOut", bearer(person));
    expect(refused).toMatchObject({
      status: 403,
      error: { data: { reason: "reauthentication_required", maxAge: 300, acr: "2" } },
    });
    expect(refused.headers.get("www-authenticate")).toContain('acr_values="2", max_age="300"');
    expect((await call("recent", bearer(person))).data).toBe("recent");
    const caught = await auth.authenticate([bearer(person)]);
    const { ticket, secret } = await auth.startTotp(caught, facts);
    await auth.confirmTotp(caught, { ticket, totp: await showTotp(live.test, secret) }, facts);
    const renewed = await auth.refresh(person.refreshToken, facts);
    expect((await call("payOut", bearer(renewed))).data).toBe("paid");
    // The database's clock, by which the proof was dated, went on meanwhile.
    await clock.advance(301 + 120);
    const later = await auth.refresh(renewed.refreshToken, facts);
    expect((await call("payOut", bearer(later))).error?.data).toMatchObject({ reason: "reauthentication_required" });
    expect((await call("recent", bearer(later))).status).toBe(403);
  });

  test("keeps its own shape for its own errors", async () => {
    const call = caller(createShop());
    const { status, error } = await call("broken", bearer(await createPerson(live.test)));
    expect({ status, error }).toMatchObject({
      status: 404,
      error: { message: "No such order", data: { theirs: true } },
    });
    expect(error?.data).not.toHaveProperty("reason");
  });

  test("does not compile when its context has no `authorization`, and lets nobody in if it gets there all the same", async () => {
    const bare = initTRPC.context<{ tenant: string }>().create({ isDev: false });
    // @ts-expect-error the context lacks `authorization`
    const builder = bare.procedure.concat(createVerifiedProcedure(optionsOf()));
    const router = bare.router({ hello: (builder as typeof bare.procedure).query(() => "hello") });
    await expect(router.createCaller({ tenant: "x" }).hello()).rejects.toMatchObject({ code: "UNAUTHORIZED" });
    // @ts-expect-error misspelt
    createVerifiedBuilders<"shop.view_order">(optionsOf()).permittedProcedure("shop.view_orders");
  });

  test("refuses several headers as they come from Node, of which none can be believed", async () => {
    const person = await createPerson(live.test);
    const t = initTRPC.context<{ authorization: readonly string[] }>().create({ isDev: false });
    const router = t.router({ hello: t.procedure.concat(createVerifiedProcedure(optionsOf())).query(() => "hello") });
    expect(await router.createCaller({ authorization: [bearer(person)] }).hello()).toBe("hello");
    const twice = router.createCaller({ authorization: [bearer(person), bearer(person)] });
    await expect(twice.hello()).rejects.toMatchObject({ code: "UNAUTHORIZED", cause: { code: "token_invalid" } });
  });
});

describe("online", () => {
  test("a sign-out and a disabled account are known on the next call, which a token alone does not say", async () => {
    const [offline, online] = [caller(createShop()), caller(createShop({ online: true }))];
    const [leaver, disabled] = [await createPerson(live.test), await createPerson(live.test)];
    for (const person of [leaver, disabled]) expect((await online("whoami", bearer(person))).status).toBe(200);
    await live.test.auth.signOut(leaver.refreshToken, live.test.facts);
    await live.test.auth.operator.update(disabled.username, { isActive: false });
    for (const person of [leaver, disabled]) {
      const refused = await online("whoami", bearer(person));
      expect(refused).toMatchObject({ status: 401, error: { data: { reason: "token_invalid" } } });
      expect((await offline("whoami", bearer(person))).status).toBe(200);
    }
  });

  test("a forged or expired token costs the service nothing", async () => {
    const call = caller(createShop({ online: true }));
    const person = await createPerson(live.test);
    await call("whoami", bearer(person));
    const before = verifications();
    await call("whoami", `Bearer ${person.token.slice(0, -4)}AAAA`);
    expect(verifications()).toBe(before);
  });

  test("a service that is away, or answers anything else than a word on the token, lets nobody in", async () => {
    const call = caller(createShop({ online: true }));
    const person = await createPerson(live.test);
    expect((await call("whoami", bearer(person))).status).toBe(200);
    const good = [{ result: { data: { active: true } } }];
    const answers = [
      { status: 500, body: "no JSON" },
      { status: 200, body: "[]" },
      { status: 200, body: JSON.stringify(good[0]) },
      { status: 200, body: JSON.stringify([...good, ...good]) },
      { status: 200, body: JSON.stringify([{ result: { data: { active: "true" } } }]) },
      { status: 200, body: JSON.stringify([{ result: { data: null } }]) },
      { status: 200, body: `["${"x".repeat(70_000)}"]` },
      { status: 302, body: "[]" },
      { status: 429, body: JSON.stringify([{ error: { data: { reason: "rate_limited", retryAfter: 7 } } }]) },
    ];
    for (const answer of answers) {
      proxy.answerWith(answer);
      const refused = await call("whoami", bearer(person));
      expect(refused, answer.body).toMatchObject({ status: 503, error: { data: { reason: "unavailable" } } });
      expect(Number(refused.headers.get("retry-after"))).toBe(answer.status === 429 ? 7 : 1);
      expect(refused.headers.get("www-authenticate")).toBeNull();
    }
    proxy.answerWith(null);
    await proxy.goDown();
    expect((await call("whoami", bearer(person))).error?.data).toMatchObject({ reason: "unavailable", retryAfter: 1 });
    await proxy.comeBack();
    expect((await call("whoami", bearer(person))).status).toBe(200);
  });

  test("one question at a time for a token, and questions about many tokens go together", {
    tags: ["long"],
  }, async () => {
    const verify = createTokenVerifier(optionsOf({ online: true }));
    const people = await Promise.all(Array.from({ length: 30 }, () => createPerson(live.test)));
    await verify(people[0]?.token ?? "");
    const before = verifications();
    proxy.hold(true);
    const calls = Array.from({ length: 20 }, () => people.map(({ token }) => verify(token))).flat();
    await expect.poll(() => verifications() - before).toBe(4);
    proxy.hold(false);
    const found = await Promise.all(calls);
    expect(found.map(({ sub }) => sub)).toEqual(Array.from({ length: 20 }, () => people.map(({ id }) => id)).flat());
    expect(verifications() - before).toBeLessThanOrEqual(10);
  });

  for (const { tags, cases } of shareOut(
    [
      { broken: 1, atLeast: 1, atMost: 10 },
      { broken: 4, atLeast: 40, atMost: 60 },
    ],
    2,
  ))
    test.each(cases)(
      "of 60 questions, $atLeast to $atMost are refused when $broken requests break",
      { tags },
      async (expected) => {
        const verify = createTokenVerifier(optionsOf({ online: true }));
        const sessions = await openSessions(60);
        await verify((await createPerson(live.test)).token);
        proxy.breakNext(expected.broken);
        const found = await Promise.allSettled(sessions.map(({ token }) => verify(token)));
        const refused = found.filter(({ status }) => status === "rejected").length;
        expect(refused).toBeGreaterThanOrEqual(expected.atLeast);
        expect(refused).toBeLessThanOrEqual(expected.atMost);
      },
    );

  test("an answer of the one is never the answer of the other", async () => {
    const verify = createTokenVerifier(optionsOf({ online: true, rememberFor: 5 }));
    const sessions = await openSessions(24);
    for (const [index, { refreshToken }] of sessions.entries())
      if (index % 2 === 0) await live.test.auth.signOut(refreshToken, live.test.facts);
    for (let round = 0; round < 2; round += 1) {
      const found = await Promise.allSettled(sessions.map(({ token }) => verify(token)));
      expect(found.map(({ status }) => status)).toEqual(
        sessions.map((_, index) => (index % 2 === 0 ? "rejected" : "fulfilled")),
      );
    }
  });

  test("an answer is remembered for as long as is asked, and not at all unless asked", async () => {
    const person = await createPerson(live.test);
    const forgetful = createTokenVerifier(optionsOf({ online: true }));
    const remembering = createTokenVerifier(optionsOf({ online: true, rememberFor: 10 }));
    const count = async (verify: typeof forgetful) => {
      const before = verifications();
      await verify(person.token).catch(() => {});
      return verifications() - before;
    };
    expect([await count(forgetful), await count(forgetful)]).toEqual([1, 1]);
    expect([await count(remembering), await count(remembering)]).toEqual([1, 0]);
    await live.test.auth.signOut(person.refreshToken, live.test.facts);
    await live.test.clock.advance(9);
    expect(await count(remembering)).toBe(0);
    await live.test.clock.advance(1);
    await expect(remembering(person.token)).rejects.toMatchObject({ code: "token_invalid" });
    expect(await count(remembering)).toBe(0);
  });

  test("that the service was away is not remembered", async () => {
    const person = await createPerson(live.test);
    const verify = createTokenVerifier(optionsOf({ online: true, rememberFor: 60 }));
    await verify((await createPerson(live.test)).token);
    proxy.answerWith({ status: 503, body: "[]" });
    await expect(verify(person.token)).rejects.toMatchObject({ code: "unavailable" });
    proxy.answerWith(null);
    expect(await verify(person.token)).toMatchObject({ sub: person.id });
  });

  test("options that cannot be are refused when the verifier is made", () => {
    expect(() => createTokenVerifier(optionsOf({ online: true, jwks: { keys: [] } }))).toThrow(TypeError);
    for (const rememberFor of [-1, 61, Number.NaN])
      expect(() => createTokenVerifier(optionsOf({ rememberFor }))).toThrow(RangeError);
    const builders = createVerifiedBuilders(optionsOf({ jwks: { keys: [] } }));
    expect(() => builders.permittedProcedure("shop.view_order")).toThrow(/needs the address of the service/);
  });
});

describe("a permission", () => {
  test("is asked for at every call: granted, taken away, and a superuser's", async () => {
    const call = caller(createShop());
    const person = await createPerson(live.test, { permissions: ["shop.view_order"] });
    expect((await call("look", bearer(person))).data).toBe("seen");
    expect(await call("cancel", bearer(person))).toMatchObject({
      status: 403,
      error: { data: { reason: "permission_denied" }, message: "This needs the permission shop.delete_order" },
    });
    await live.test.auth.operator.grant(person.username, { permission: "shop.delete_order" });
    expect((await call("cancel", bearer(person))).data).toBe(person.id);
    await live.test.auth.operator.revoke(person.username, { permission: "shop.delete_order" });
    expect((await call("cancel", bearer(person))).status).toBe(403);
    const root = await createPerson(live.test, { isSuperuser: true });
    expect((await call("cancel", bearer(root))).data).toBe(root.id);
    await live.test.auth.signOut(root.refreshToken, live.test.facts);
    expect((await call("cancel", bearer(root))).error?.data).toMatchObject({ reason: "token_invalid" });
    expect((await call("cancel")).error?.data).toMatchObject({ reason: "token_missing" });
  });

  test("is held by nobody while the service is away", async () => {
    const call = caller(createShop());
    const root = await createPerson(live.test, { isSuperuser: true });
    expect((await call("look", bearer(root))).status).toBe(200);
    proxy.answerWith({ status: 200, body: JSON.stringify([{ result: { data: { active: true } } }]) });
    expect((await call("look", bearer(root))).status).toBe(403);
    proxy.answerWith({ status: 502, body: "" });
    expect((await call("look", bearer(root))).error?.data).toMatchObject({ reason: "unavailable" });
  });
});

test("a recentProcedure that asks for nothing, or for what nobody can have shown, is refused when it is made", () => {
  const { recentProcedure } = createVerifiedBuilders(optionsOf({}));
  // @ts-expect-error neither is asked
  expect(() => recentProcedure({})).toThrow(RangeError);
  // @ts-expect-error a setting may be missing
  expect(() => recentProcedure({ maxAge: undefined })).toThrow(RangeError);
  // @ts-expect-error everybody has shown one factor
  expect(() => recentProcedure({ acr: "1" })).toThrow(RangeError);
  for (const maxAge of [0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY])
    expect(() => recentProcedure({ maxAge })).toThrow(RangeError);
  expect(() => recentProcedure({ acr: "2" })).not.toThrow();
});

test("the SDK carries the token there, and learns of the refusal's reason and of the end of its session", async () => {
  await using notes = await startLiveServer({ tokens: { audience: ["latchkey", "shop"] } });
  await notes.test.auth.createUser({ username: "alice", password });
  const t = initTRPC.context<{ authorization: string | undefined }>().create();
  const jwks = `${notes.url}/.well-known/jwks.json`;
  const options = { issuer: "latchkey", audience: "shop", jwks, clock: notes.test.clock, online: true };
  const protectedProcedure = t.procedure.concat(createVerifiedProcedure(options));
  const router = t.router({ whoami: protectedProcedure.query(({ ctx }) => ctx.userId) });
  const server = createHTTPServer({
    router,
    createContext: ({ req }) => ({ authorization: req.headers.authorization }),
    responseMeta,
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    const auth = createAuthClient({ url: notes.url });
    const api = createTRPCClient<typeof router>({ links: [auth.link({ url, audience: "shop" })] });
    const user = await auth.signIn({ username: "alice", password });
    expect(await api.whoami.query()).toBe(user.id);
    await notes.test.auth.operator.endSessions("alice");
    await expect(api.whoami.query()).rejects.toThrow();
    expect(auth.getSnapshot().status).toBe("signedOut");
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
