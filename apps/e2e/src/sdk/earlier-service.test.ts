import { procedures } from "@latchkey/api/procedures";
import { protectedProcedure, publicProcedure, router } from "@latchkey/api/trpc";
import { type AuthStorage, createAuthClient, memoryStorage } from "@latchkey/client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { type LiveServer, startLiveServer } from "../live-server.ts";
import { createNetwork, credentials } from "./sdk-process.ts";

// A service is taken back, or renewed process by process, and the SDK of the newer release is in people's pages by then.

const text = z.string();

/** Some procedures as the release before had them: fewer marks of a device are known, and fewer calls are taken beside the cookie. */
const earlier = router({
  ...procedures,
  token: {
    ...procedures.token,
    obtain: publicProcedure
      .meta({ cookieMode: { takes: "deviceMark", opensSession: true } })
      .input(z.strictObject({ username: text, password: text, deviceMark: text.optional() }))
      .mutation(({ ctx, input }) => ctx.latchkey.auth.signIn(input, ctx.latchkey.facts)),
  },
  sessions: {
    ...procedures.sessions,
    revokeOthers: protectedProcedure
      .input(z.strictObject({}))
      .mutation(({ ctx }) => ctx.latchkey.auth.revokeOtherSessions(ctx, ctx.latchkey.facts)),
  },
  me: {
    ...procedures.me,
    reauthenticate: protectedProcedure.input(z.strictObject({ password: text })).mutation(async ({ ctx, input }) => {
      await ctx.latchkey.auth.reauthenticate(ctx, input, ctx.latchkey.facts);
      return {};
    }),
  },
});

const marks = { deviceMark: "d".repeat(43), rememberMark: "r".repeat(22) };

/** What a device keeps that was remembered by the newer service. */
function rememberedDevice(): AuthStorage {
  const storage = memoryStorage();
  void storage.set(JSON.stringify(marks));
  return storage;
}

describe("with a service of the release before", () => {
  let live: LiveServer;
  beforeAll(async () => {
    live = await startLiveServer({}, { router: earlier });
    await live.test.auth.createUser(credentials);
  });
  afterAll(() => live[Symbol.asyncDispose]());

  function open(storage: AuthStorage | "cookie", fetch?: typeof globalThis.fetch) {
    const network = createNetwork();
    const auth = createAuthClient<typeof earlier>({ url: live.url, storage, fetch: fetch ?? network.fetch });
    return { auth, network };
  }

  test("a remembered device signs in: a mark that is unknown there is left away, and the one that is known is shown", async () => {
    const { auth, network } = open(rememberedDevice());
    expect(await auth.signIn(credentials)).toMatchObject({ username: "alice" });
    expect(network.requests.map(({ body }) => JSON.parse(body))).toEqual([
      { ...marks, ...credentials },
      { deviceMark: marks.deviceMark, ...credentials },
    ]);
    auth.dispose();
  });

  test("a refusal for anything else is the caller's, and nothing is sent again", async () => {
    const { auth, network } = open(rememberedDevice());
    const call = auth.api.token.obtain.mutate({ ...credentials, nickname: "ada" } as typeof credentials);
    const issue = (name: string) => expect.objectContaining({ code: "unknown_field", path: [name] });
    await expect(call).rejects.toMatchObject({ data: { reason: "invalid_input", issues: [issue("nickname")] } });
    expect(network.count("token.obtain")).toBe(2);
    const wrong = auth.signIn({ ...credentials, password: "not the password" });
    await expect(wrong).rejects.toMatchObject({ data: { reason: "invalid_credentials" } });
    expect(network.count("token.obtain")).toBe(4);
    auth.dispose();
  });

  test("a call that takes no mark there yet is done without it", async () => {
    const { auth, network } = open(memoryStorage());
    await auth.signIn(credentials);
    await auth.api.sessions.revokeOthers.mutate({});
    expect(network.count("sessions.revokeOthers")).toBe(2);
    auth.dispose();
  });

  test("in cookie mode, a call that is not taken beside the cookie there yet is sent as every other, and no sign-in ever is", async () => {
    const browser = createBrowser(live.url);
    const { auth } = open("cookie", browser.fetch);
    await auth.signIn(credentials);
    await auth.api.me.reauthenticate.mutate({ password: credentials.password });
    const refusal = auth.api.token.obtainByRedirect.mutate({
      ...{ code: "c", codeVerifier: "v".repeat(43), clientId: "shop", redirectUri: "https://shop.example.com" },
    });
    await expect(refusal).rejects.toMatchObject({ data: { reason: "not_found" } });
    expect(browser.paths).toEqual([
      "/cookie/trpc/token.obtain",
      "/cookie/trpc/me.reauthenticate",
      "/trpc/me.reauthenticate",
      "/cookie/trpc/token.obtainByRedirect",
    ]);
    auth.dispose();
  });
});

/** A browser at a page of the service's own origin, as far as its cookies go. */
function createBrowser(url: string) {
  const cookies = new Map<string, string>();
  const paths: string[] = [];
  const send: typeof globalThis.fetch = async (input, init) => {
    const { pathname } = new URL(String(input));
    paths.push(pathname.replace(/\?.*/, ""));
    const headers = new Headers(init?.headers);
    headers.set("origin", url);
    if (init?.credentials === "include") headers.set("cookie", [...cookies].map((pair) => pair.join("=")).join("; "));
    const answer = await fetch(input, { ...init, headers });
    for (const line of answer.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      cookies.set(name, value);
    }
    return answer;
  };
  return { fetch: send, paths };
}
