import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { isService, type LiveServer, startLiveServer } from "../live-server.ts";
import { createFormClient, type FormClient } from "../pages/form-client.ts";

// Where somebody wanted to go was forgotten on the way: after a form was loaded anew, on the page for what was not them, and for a long address.

const password = "correct horse battery";
const wanted = "/orders/7?x=1&y=%20";
const query = new URLSearchParams({ return_to: wanted });
let live: LiveServer;
let browser: FormClient;
let people = 0;
let username: string;
beforeAll(async () => {
  live = await startLiveServer({ registration: "closed" });
});
afterAll(() => live?.[Symbol.asyncDispose]());
beforeEach(async () => {
  browser = createFormClient(live.url);
  username = `person${++people}`;
  await live.test.auth.createUser({ username, password });
});

const placeOf = (response: Response) => response.headers.get("location") ?? "";
const returnOf = (response: Response) => new URL(placeOf(response), live.url).searchParams.get("return_to");
let forms = 0;
const send = (page: string, fields: Record<string, string>) =>
  browser.post(`/cookie${page}`, { form: String(++forms), ...fields });

describe.skipIf(!isService)("where somebody wants to go in the end is kept", () => {
  test.each(["/sign-in/passkey", "/sign-out", "/sign-in/second-factor", "/sign-in/new-password", "/recover/password"])(
    "by %s, which is loaded anew",
    async (page) => {
      const first = await browser.get(`/cookie${page}?${query}`);
      const landed = first.status === 303 && returnOf(first) === wanted ? await browser.get(placeOf(first)) : first;
      expect(returnOf(landed)).toBe(wanted);
    },
  );

  test("by what a form of /not-me is answered", async () => {
    expect(returnOf(await send(`/not-me?${query}`, { username, stop: "yes" }))).toBe(wanted);
  });

  test("by every link and form of the pages before a sign-in", async () => {
    for (const page of ["/sign-in", "/register", "/register/name", "/reset", "/reset/given", "/recover", "/not-me"]) {
      const text = await (await browser.get(`${page}?${query}`)).text();
      const places = [
        ...text.matchAll(/(?:href|action)="(\/(?:cookie\/)?(?:sign-in|register|reset|recover|not-me)[^"]*)"/g),
      ]
        .map(([, place = ""]) => place.replaceAll("&amp;", "&"))
        .filter((place) => !place.includes("language="));
      expect(places.length, page).toBeGreaterThan(0);
      for (const place of places) expect(new URL(place, live.url).searchParams.get("return_to"), place).toBe(wanted);
    }
  });

  test("by a page that asks once more who is there, though the address has nearly all that it may have", async () => {
    const long = `/orders?x=${"%20".repeat(640)}`;
    await send("/sign-in", { username, password });
    const page = `/reauthenticate?${new URLSearchParams({ return_to: long })}`;
    await live.test.clock.advance(1_000);
    const renewal = placeOf(await browser.get(page));
    expect(renewal).toMatch(/^\/cookie\/renew\?to=/);
    expect(placeOf(await browser.get(renewal))).toBe(page);
    expect(placeOf(await send(page, { password }))).toBe(long);

    // Whoever has to sign in anew has shown who they are by that.
    await live.test.database.query("update latchkey.sessions set ended_at = latchkey.now(), end_reason = 'revoked'");
    const over = await browser.get(placeOf(await browser.get(page)));
    expect(placeOf(over)).toBe(`/sign-in?${new URLSearchParams({ return_to: long })}`);
    expect(placeOf(await send(placeOf(over), { username, password }))).toBe(long);
  });
});
