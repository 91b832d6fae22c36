import { createAuthClient, isAuthError, memoryStorage } from "@latchkey/client";
import { createServerSession } from "@latchkey/client/server";
import superjson from "superjson";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Host, hosts } from "./hosts.ts";
import { openShop, type Shop, type ShopRouter } from "./shop.ts";

const [password, nextPassword] = ["correct horse battery", "another horse battery"];
const options = { path: "auth", transformer: superjson } as const;

const { "Hono and the fetch adapter": openHost = () => Promise.reject(new Error("There is no such host")) } = hosts;

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

test("with the transformer of the host, the SDK registers, renews, changes the password, reads refusals and signs out", async () => {
  const storage = memoryStorage();
  const auth = createAuthClient<ShopRouter>({ ...options, url: host.url, storage });
  await auth.api.auth.account.register.mutate({ username: "alice", password, nickname: "Ali" });
  expect(auth.getSnapshot().user).toMatchObject({ username: "alice", nickname: "Ali", dateJoined: expect.any(Date) });

  const refusal = await auth.api.orders.cancel.mutate({ before: new Date() }).catch((error: unknown) => error);
  expect(isAuthError(refusal, "permission_denied")).toBe(true);
  await shop.latchkey.auth.operator.grant("alice", { permission: "shop.delete_order" });
  expect(await auth.can("shop.delete_order")).toBe(true);
  expect(await auth.api.orders.cancel.mutate({ before: new Date(0) })).toEqual(new Date(0));

  const stored = JSON.parse((await storage.get()) ?? "");
  await storage.set(JSON.stringify({ ...stored, expiresAt: 0 }));
  using later = createAuthClient<ShopRouter>({ ...options, url: host.url, storage });
  await expect.poll(() => later.getSnapshot().user).toMatchObject({ nickname: "Ali", dateJoined: expect.any(Date) });
  expect((await later.api.orders.list.query()).at).toEqual(new Date(0));
  const renewed = JSON.parse((await storage.get()) ?? "");
  expect([renewed.sid, renewed.token === stored.token]).toEqual([stored.sid, false]);
  expect(renewed.expiresAt).toBeGreaterThan(Date.now());

  await later.api.auth.me.changePassword.mutate({ currentPassword: password, newPassword: nextPassword });
  await later.signOut();
  const wrong = await later.signIn({ username: "alice", password }).catch((error: unknown) => error);
  expect(isAuthError(wrong, "invalid_credentials")).toBe(true);
  expect((await later.signIn({ username: "alice", password: nextPassword })).nickname).toBe("Ali");
});

test("a stored person that the transformer cannot read is nobody, and breaks nothing", async () => {
  for (const user of [{ id: "1" }, { json: { id: "1" }, meta: { values: 7 } }, null]) {
    const storage = memoryStorage();
    await storage.set(JSON.stringify({ token: "a.b.c", refreshToken: "d", user }));
    using auth = createAuthClient<ShopRouter>({ ...options, url: host.url, storage });
    await expect.poll(() => auth.getSnapshot().status).toBe("signedOut");
  }
});

test("a server that renders does all this as well", async () => {
  const serverSession = createServerSession<ShopRouter>({ ...options, url: host.url });
  const session = await serverSession(new Request("https://shop.example/"));
  await session.api.auth.account.register.mutate({ username: "bora", password, nickname: "Bo" });
  const headers = session.requestHeaders();
  const [name = "", value = ""] = headers.get("cookie")?.split(/=(.*)/) ?? [];
  headers.set("cookie", `${name}=${value.replace(/^\d+/, "1")}`);
  const next = await serverSession(new Request("https://shop.example/", { headers }));

  expect(next.cookies()[0]?.maxAge).toBeGreaterThan(86_400);
  expect(await next.user()).toMatchObject({ nickname: "Bo", dateJoined: expect.any(Date) });
  expect((await next.api.orders.list.query()).at).toEqual(new Date(0));
  await next.signOut();
  expect(await next.user()).toBeNull();
});
