import { isAuthError } from "@latchkey/client";
import { createServerSession } from "@latchkey/client/server";
import superjson from "superjson";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openShop, type Shop, type ShopRouter } from "../mounted/shop.ts";

let shop: Shop;
beforeAll(async () => {
  shop = await openShop();
});
afterAll(() => shop.close());

test("sign-ins of an app in whose process Latchkey is are counted by the address of the browser", async () => {
  const serverSession = createServerSession<ShopRouter>({
    url: "http://localhost",
    path: "auth",
    transformer: superjson,
    clientAddress: ({ headers }) => headers.get("x-forwarded-for"),
    answer: shop.answer,
  });
  /** Tries a password on somebody else each time, as an action of the app's does. */
  async function spray(address: string, name: string): Promise<string> {
    const headers = { "x-forwarded-for": address, "user-agent": "Firefox" };
    const session = await serverSession(new Request("https://shop.example/", { method: "POST", headers }));
    const error = await session.signIn({ username: name, password: "Spring2026!" }).catch((thrown: unknown) => thrown);
    return isAuthError(error) ? error.data.reason : String(error);
  }
  const reasons = new Set<string>();
  for (let count = 0; count < 110; count += 1) reasons.add(await spray("203.0.113.9", `person_${count}`));
  expect([...reasons]).toEqual(["invalid_credentials", "rate_limited"]);
  expect(await spray("203.0.113.10", "person_0")).toBe("invalid_credentials");
});
