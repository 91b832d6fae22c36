import { createAuthClient } from "@latchkey/client";
import { takeOverSession } from "@latchkey/client/redirect";
import { createServerSession } from "@latchkey/client/server";
import { afterEach, beforeEach, expect, vi } from "vitest";
import { credentials, type Fault, openSignedIn, pastExpiry, test } from "../sdk/sdk-process.ts";

const never = () => new Promise<never>(() => {});

/** Accepts one procedure and says nothing. */
const hang =
  (procedure: string): Fault =>
  ({ procedures }) =>
    procedures[0] === procedure ? never() : undefined;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date", "setTimeout", "clearTimeout"] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** What a promise comes to while the clock goes on. */
async function settleWithin(seconds: number, work: Promise<unknown>): Promise<string> {
  let outcome = "pending";
  work.then(
    () => {
      outcome = "fulfilled";
    },
    () => {
      outcome = "rejected";
    },
  );
  for (let passed = 0; outcome === "pending" && passed < seconds; passed += 1) {
    await vi.advanceTimersByTimeAsync(1_000);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return outcome;
}

test("a renewal that is never answered fails, and the next call renews the session", async ({ live }) => {
  const { auth, network } = await openSignedIn(live);
  await live.test.clock.advance(pastExpiry);
  vi.setSystemTime(Date.now() + pastExpiry * 1_000);
  network.breakWith(hang("token.refresh"));
  expect(await settleWithin(20, auth.api.me.get.query())).toBe("rejected");
  expect(auth.getSnapshot().status).toBe("signedIn");

  network.mend();
  vi.useRealTimers();
  expect((await auth.api.me.get.query()).username).toBe(credentials.username);
});

test("an exchange that is never answered fails, and the next call asks anew", async ({ live }) => {
  const { auth, network } = await openSignedIn(live);
  network.breakWith(hang("token.exchange"));
  expect(await settleWithin(20, auth.headers({ audience: "notes" }))).toBe("rejected");
  network.mend();
  vi.useRealTimers();
  expect((await auth.headers({ audience: "notes" })).authorization).toMatch(/^Bearer /);
});

test("a session is not waited for without end where an app takes it over", async ({ live }) => {
  const auth = createAuthClient({ url: live.url, storage: "cookie", fetch: never });
  expect(await settleWithin(20, takeOverSession(auth))).toBe("rejected");
});

test("on a server that renders, all requests of a person go on, and later ones renew the session", async ({ live }) => {
  let isHanging = false;
  const serverSession = createServerSession({
    url: live.url,
    fetch: (input, init) => (isHanging ? never() : fetch(input, init)),
  });
  const first = await serverSession(new Request("https://shop.example/"));
  await first.signIn(credentials);
  const cookie = first
    .cookies()
    .map(({ name, value }) => `${name}=${value}`)
    .join("; ");
  const open = () => serverSession(new Request("https://shop.example/", { headers: { cookie } }));
  await live.test.clock.advance(pastExpiry);
  vi.setSystemTime(Date.now() + pastExpiry * 1_000);

  isHanging = true;
  expect(await settleWithin(20, Promise.all([open(), open()]))).toBe("fulfilled");
  isHanging = false;
  vi.setSystemTime(Date.now() + 2_000);
  const session = await open();
  expect(await session.user()).toMatchObject({ username: credentials.username });
  expect(session.headers().getSetCookie().join()).toContain("__Host-latchkey=");
});
