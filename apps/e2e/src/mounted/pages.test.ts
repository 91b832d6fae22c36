import { createPages } from "@latchkey/pages";
import superjson from "superjson";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createFormClient } from "../pages/form-client.ts";
import { type Host, listen, toListener } from "./hosts.ts";
import { openShop, type Shop } from "./shop.ts";

const alice = { username: "alice", password: "correct horse battery" };

let shop: Shop;
let host: Host;
beforeAll(async () => {
  shop = await openShop();
  const http = { basePath: "/auth" };
  const pages = createPages({ auth: shop.latchkey.auth, ...http, config: { name: "Corner Shop", home: "/" } });
  const answer = shop.latchkey.createFetchHandler({ ...http, router: shop.appRouter, pages });
  host = await listen(toListener({ answer }));
  await shop.latchkey.auth.createUser({ ...alice, profile: { nickname: "Ali" } });
});
afterAll(async () => {
  await host?.close();
  await shop?.close();
});

test("pages that a host serves below a path sign people in, and lead nowhere else", async () => {
  const browser = createFormClient(host.url, "/auth");
  const page = await browser.get("/sign-in");
  const html = await page.text();
  expect([page.status, page.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
  expect(html).toContain("Corner Shop");
  const addresses = [...html.matchAll(/ (?:href|src|action)="([^"#]*)/g)].map(([, address]) => address);
  expect(addresses.filter((address) => !address?.match(/^(\/auth\/|data:)/))).toEqual([]);
  const style = addresses.find((address) => address?.endsWith(".css"));
  expect((await fetch(`${host.url}${style}`)).headers.get("content-type")).toBe("text/css; charset=utf-8");

  const asked = await browser.get("/account/devices");
  expect([asked.status, asked.headers.get("location")]).toEqual([
    303,
    "/auth/cookie/renew?to=%2Fauth%2Faccount%2Fdevices",
  ]);
  const signedIn = await browser.post("/cookie/sign-in", { form: "1", ...alice });
  expect([signedIn.status, signedIn.headers.get("location")]).toEqual([303, "/"]);
  expect(await (await browser.get("/account")).text()).toContain('value="Ali"');
  expect((await fetch(`${host.url}/sign-in`)).status).toBe(404);
});

test("the app goes on in cookie mode with the session that a page has opened", async () => {
  const browser = createFormClient(host.url, "/auth");
  await browser.post("/cookie/sign-in", { form: "1", ...alice });
  const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  const renewed = await fetch(`${host.url}/auth/cookie/trpc/auth.token.refresh`, {
    method: "POST",
    headers: { cookie, origin: host.url, "content-type": "application/json" },
    body: JSON.stringify(superjson.serialize({})),
  });
  expect(renewed.status).toBe(200);
  expect(await renewed.json()).toMatchObject({ result: { data: { json: { user: { username: "alice" } } } } });
});
