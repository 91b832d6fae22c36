import { createHash } from "node:crypto";
import { createReceiptsHandler } from "@latchkey/server/internal";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTappedServer } from "../http/postgres-proxy.ts";
import { isService } from "../live-server.ts";
import { createFormClient, type FormClient } from "../pages/form-client.ts";

// What is no procedure answered 500 while the database was away, as if something were broken: `/authorize`, the public keys, receipts.

const password = "correct horse battery";
const shop = "https://shop.example.com/signed-in";
const clients = [{ id: "shop", name: "Corner Shop", redirectUris: [shop, "com.example.shop:/signed-in"] }];
const path = "/messages/receipts";

type Tapped = Awaited<ReturnType<typeof startTappedServer>>;
let tapped: Tapped;
let browser: FormClient;
beforeAll(async () => {
  tapped = await startTappedServer({
    pages: { clients },
    receipts: ({ receiveDelivery }) =>
      createReceiptsHandler({
        ...{ path, receive: receiveDelivery },
        signed: { shop: () => [{ providerId: "1", state: "delivered" }] },
      }),
  });
  await tapped.test.auth.createUser({ username: "alice", password });
  browser = createFormClient(tapped.url);
  await browser.post("/cookie/sign-in", { form: "1", username: "alice", password });
  expect((await browser.get("/account")).status).toBe(200);
  await tapped.tap.cut();
});
afterAll(() => tapped?.[Symbol.asyncDispose]());

const authorize = (more: Record<string, string> = {}) =>
  `/authorize?${new URLSearchParams({
    ...{ response_type: "code", client_id: "shop", redirect_uri: shop },
    code_challenge: createHash("sha256").update("v".repeat(43)).digest("base64url"),
    ...{ code_challenge_method: "S256", state: "x", ...more },
  })}`;
const backWith = (answer: Response) => new URL(answer.headers.get("location") ?? "").searchParams;

describe.skipIf(!isService)("while the database is away", () => {
  test.each(["/account", "/account/passkeys", "/account/data.json", "/reauthenticate", authorize()])(
    "%s says so and when to come back, and sends nobody anywhere",
    async (page) => {
      const answer = await browser.get(page);
      expect([answer.status, answer.headers.get("retry-after"), answer.headers.get("location")]).toEqual([
        503,
        "1",
        null,
      ]);
    },
  );

  test("a form says so as well", async () => {
    const native = { redirect_uri: "com.example.shop:/signed-in" };
    const answer = await browser.post(`/cookie${authorize(native)}`, { form: "2" });
    expect([answer.status, answer.headers.get("location")]).toEqual([503, null]);
  });

  test("an app that asks in silence is told that it is for a moment (RFC 6749 §4.1.2.1)", async () => {
    const answer = await browser.get(authorize({ prompt: "none" }));
    expect(answer.status).toBe(303);
    expect(Object.fromEntries(backWith(answer))).toEqual({
      error: "temporarily_unavailable",
      state: "x",
      iss: tapped.url,
    });
  });

  test.each<[string, string, RequestInit]>([
    ["public keys", "/.well-known/jwks.json", {}],
    ["a receipt", `${path}/shop`, { method: "POST", body: "{}" }],
  ])("%s: 503 with the reason, and one line of warning", async (_, place, init) => {
    const answer = await fetch(tapped.url + place, init);
    expect(answer.status).toBe(503);
    expect(answer.headers.get("retry-after")).toBe("1");
    expect(await answer.json()).toMatchObject({
      error: { data: { code: "SERVICE_UNAVAILABLE", httpStatus: 503, reason: "unavailable", retryAfter: 1 } },
    });
    const id = answer.headers.get("x-request-id") ?? "no id";
    const told = tapped.logged.filter((line) => line.includes(id) && /"level":"(warn|error)"/.test(line));
    expect(told.filter((line) => line.includes('"level":"error"'))).toEqual([]);
  });
});
