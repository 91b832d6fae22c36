import { createAuthClient, isAuthError, memoryStorage } from "@latchkey/client";
import { createTRPCClient, httpBatchLink, TRPCClientError } from "@trpc/client";
import superjson from "superjson";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Host, OpenHost } from "./hosts.ts";
import { openShop, type Shop, type ShopRouter } from "./shop.ts";

const password = "correct horse battery";

/**
 * What a host must do that mounts the shop's router: the tests of one.
 *
 * @param tags of the tests of what the router does, whichever host hands it a call
 */
export function describeHost(name: string, openHost: OpenHost, tags: string[] = []): void {
  describe(`mounted by ${name}`, () => {
    let shop: Shop;
    let host: Host;
    beforeAll(async () => {
      shop = await openShop();
      host = await openHost(shop);
    });
    afterAll(async () => {
      await host.close();
      await shop.close();
    });

    const clientOf = (token?: string) =>
      createTRPCClient<ShopRouter>({
        links: [
          httpBatchLink({
            url: `${host.url}/trpc`,
            transformer: superjson,
            headers: {
              "x-forwarded-for": "203.0.113.9",
              ...(token !== undefined && { authorization: `Bearer ${token}` }),
            },
          }),
        ],
      });

    async function signUp(username: string) {
      return clientOf().auth.account.register.mutate({ username, password, nickname: "Ali" });
    }

    async function refusal(call: Promise<unknown>) {
      const error = await call.catch((error: unknown) => error);
      if (!(error instanceof TRPCClientError)) throw new Error("The call was not refused");
      return { ...error.data, headers: (error.meta?.response as Response | undefined)?.headers };
    }

    test("people sign in, refresh and sign out, and dates are dates", async () => {
      await signUp("alice");
      const signedIn = await clientOf().auth.token.obtain.mutate({ username: "ALICE", password });
      expect(signedIn.refreshExpiresAt).toBeInstanceOf(Date);
      expect(signedIn.user).toMatchObject({ username: "alice", nickname: "Ali" });
      const { refreshToken } = signedIn;
      const renewed = await clientOf().auth.token.refresh.mutate({ refreshToken });
      const list = await clientOf(renewed.token).orders.list.query();
      expect(list).toEqual({ tenant: "shop", of: signedIn.user.id, at: new Date(0) });
      await clientOf().auth.token.revoke.mutate({ refreshToken: renewed.refreshToken });
      expect(await refusal(clientOf(renewed.token).orders.list.query())).toMatchObject({ reason: "session_ended" });
    });

    test("a refusal says why and how to go on, and the application's own errors keep its own shape", async () => {
      const missing = await refusal(clientOf().orders.list.query());
      expect(missing).toMatchObject({ reason: "token_missing", httpStatus: 401 });
      expect(missing.headers?.get("www-authenticate")).toBe('Bearer realm="latchkey"');
      expect(missing.headers?.get("cache-control")).toBe("no-store");
      const wrong = await refusal(clientOf().auth.token.obtain.mutate({ username: "nobody", password }));
      expect(wrong).toMatchObject({ reason: "invalid_credentials", httpStatus: 400 });
      const own = await refusal(clientOf().orders.missing.query());
      expect(own).toMatchObject({ theirs: true, code: "NOT_FOUND" });
      expect(own).not.toHaveProperty("reason");
    });

    test("permissions are asked for at each call", { tags }, async () => {
      const { token } = await signUp("bob");
      const before = new Date("2026-01-01");
      expect(await refusal(clientOf(token).orders.cancel.mutate({ before }))).toMatchObject({
        reason: "permission_denied",
      });
      await shop.latchkey.auth.operator.grant("bob", { permission: "shop.delete_order" });
      expect(await clientOf(token).orders.cancel.mutate({ before })).toEqual(before);
    });

    test("where a call comes from is known by the socket, or by what is in front of a host that has none", async () => {
      const { user } = await signUp("dora");
      const { rows } = await shop.latchkey.auth.pool.query<{ address: string | null }>(
        "select address::text from latchkey.audit_events where subject_id = $1 limit 1",
        [user.id],
      );
      expect(rows).toEqual([{ address: name.includes("Next") ? "203.0.113.9" : "127.0.0.1" }]);
    });

    test("the SDK finds the procedures below their name, renews the session, and speaks superjson", {
      tags,
    }, async () => {
      await signUp("carol");
      const storage = memoryStorage();
      const options = { url: host.url, path: "auth", transformer: superjson, storage };
      using auth = createAuthClient<ShopRouter>(options);
      const wrong = await auth.signIn({ username: "carol", password: `${password}!` }).catch((error: unknown) => error);
      expect(isAuthError(wrong, "invalid_credentials")).toBe(true);
      expect(await auth.signIn({ username: "carol", password })).toMatchObject({ username: "carol", nickname: "Ali" });
      expect((await auth.api.orders.list.query()).at).toEqual(new Date(0));
      expect(await auth.can("shop.delete_order")).toBe(false);

      const before = JSON.parse((await storage.get()) ?? "");
      await storage.set(JSON.stringify({ ...before, expiresAt: 0 }));
      using later = createAuthClient<ShopRouter>(options);
      const update = await later.api.auth.me.update.mutate({ nickname: "Ali Baba" });
      expect(update.nickname).toBe("Ali Baba");
      const after = JSON.parse((await storage.get()) ?? "");
      expect([after.sid, after.refreshToken === before.refreshToken]).toEqual([before.sid, false]);
      await later.signOut();
      expect(await refusal(later.api.orders.list.query())).toMatchObject({ reason: "token_missing" });
    });

    async function sendWithCookie(procedure: string, input: object, headers: Record<string, string> = {}) {
      const response = await fetch(`${host.url}/cookie/trpc/auth.${procedure}`, {
        method: "POST",
        headers: { origin: new URL(host.url).origin, "content-type": "application/json", ...headers },
        body: JSON.stringify(superjson.serialize(input)),
      });
      // biome-ignore lint/suspicious/noExplicitAny: the wire is untyped; each test asserts the shape
      const body = (await response.json()) as { result?: { data: any }; error?: any };
      const data = body.result ? superjson.deserialize(body.result.data) : undefined;
      const error = body.error ? superjson.deserialize(body.error) : undefined;
      return { status: response.status, data, error, lines: response.headers.getSetCookie() };
    }

    test("in cookie mode the refresh token is in a cookie alone, and is renewed from it", async () => {
      await signUp("eve");
      const signedIn = await sendWithCookie("token.obtain", { username: "eve", password });
      expect(signedIn.data).toMatchObject({ refreshToken: "", refreshExpiresAt: expect.any(Date) });
      const cookie = signedIn.lines.map((line) => line.split(";")[0]).join("; ");
      expect(cookie).toContain("latchkey_refresh=");
      const renewed = await sendWithCookie("token.refresh", {}, { cookie });
      expect(renewed.data).toMatchObject({ refreshToken: "", user: { username: "eve" } });
      const foreign = await sendWithCookie("token.refresh", {}, { cookie, origin: "https://evil.example" });
      expect(foreign).toMatchObject({ status: 403, error: { data: { reason: "permission_denied" } }, lines: [] });
      const large = await sendWithCookie("token.obtain", { username: "x".repeat(70_000), password });
      expect(large).toMatchObject({ status: 413, error: { data: { reason: "invalid_input" } } });
    });

    test("no answer, good or refused, can be taken for a page or for anything but JSON", async () => {
      const json = { "content-type": "application/json" };
      const answers = [
        await fetch(`${host.url}/trpc/auth.token.verify`, {
          method: "POST",
          headers: json,
          body: '{"json":{"token":"<b>"}}',
        }),
        await fetch(`${host.url}/trpc/orders.list`),
        await fetch(`${host.url}/trpc/<script>`),
        await fetch(`${host.url}/cookie/trpc/auth.token.refresh`, { method: "POST", headers: json, body: "{}" }),
        await fetch(`${host.url}/.well-known/jwks.json`),
      ];
      for (const { headers, url, status } of answers) {
        expect([headers.get("x-content-type-options"), headers.get("content-type")], `${url} ${status}`).toEqual([
          "nosniff",
          expect.stringMatching(/^application\/json\b/),
        ]);
        expect(headers.get("content-security-policy"), url).toMatch(/^default-src 'none'; .*frame-ancestors 'none'$/);
      }
    });

    test("the public keys are where other services look for them, and caches may keep them", async () => {
      const at = `${host.url}/.well-known/jwks.json`;
      const keys = await fetch(at);
      expect(await keys.json()).toMatchObject({ keys: [{ kty: "OKP" }] });
      const etag = keys.headers.get("etag") ?? "";
      expect((await fetch(at, { headers: { "if-none-match": etag } })).status).toBe(304);
      expect((await fetch(at, { method: "DELETE" })).status).toBe(405);
    });
  });
}
