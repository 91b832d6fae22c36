import type { BrowserContext } from "playwright-core";
import { expect } from "vitest";
import { test } from "./browser-test.ts";
import { readSessions, readStatuses } from "./site.ts";
import { askWho, inPage, shows, signedIn, signedOut, signIn } from "./tab.ts";

const minutes = (count: number) => count * 60;

/** Holds back each request for a refresh until so many are there, so that none can profit from another's answer. */
async function gatherRefreshes(context: BrowserContext, count: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let waiting = 0;
  await context.route("**/token.refresh", async (route) => {
    waiting += 1;
    if (waiting === count) resolve();
    await promise;
    await route.continue();
  });
}

test("who signs in in one tab is signed in in the other without a reload, and stays so over a reload", {
  tags: ["long"],
}, async ({ open }) => {
  const [here, there] = [await open(), await open()];
  await shows(there, signedOut);
  await signIn(here);
  await shows(there, signedIn);
  expect(await askWho(there)).toBe("alice");

  await here.reload();
  await shows(here, signedIn);
  expect(await askWho(here)).toBe("alice");
});

test("signing out in one tab signs the other out, which sends no token any more", { tags: ["long"] }, async ({
  open,
  site,
}) => {
  const [here, there] = [await open(), await open()];
  await signIn(here);
  await shows(there, signedIn);

  await here.getByRole("button", { name: "Sign out" }).click();
  await shows(there, signedOut);

  expect(await askWho(there)).toBe("token_missing");
  await expect.poll(() => readSessions(site)).toEqual(["signed_out"]);
});

test("two tabs whose tokens have run out renew at the same moment: both go on, in one session", async ({
  open,
  site,
  context,
}) => {
  const [here, there] = [await open(), await open()];
  await signIn(here);
  await shows(there, signedIn);
  await site.test.clock.advance(minutes(20));
  await gatherRefreshes(context, 2);

  expect(await Promise.all([askWho(here), askWho(there)])).toEqual(["alice", "alice"]);
  expect(readStatuses(site.front, "token.refresh")).toEqual([200, 200]);

  await site.test.clock.advance(minutes(40));
  expect(await askWho(there)).toBe("alice");
  expect(await askWho(here)).toBe("alice");
  expect(await readSessions(site)).toEqual([null]);
});

test("a session that was ended elsewhere signs every tab out at the first call", { tags: ["long"] }, async ({
  open,
  site,
}) => {
  const [here, there] = [await open(), await open()];
  await signIn(here);
  await shows(there, signedIn);
  await site.test.database.query("update latchkey.sessions set ended_at = now(), end_reason = 'revoked'");

  expect(await askWho(here)).toBe("session_ended");
  await Promise.all([shows(here, signedOut), shows(there, signedOut)]);
});

test("what a page reads of the state stays the same object until something changes", { tags: ["long"] }, async ({
  open,
}) => {
  const tab = await open();
  await signIn(tab);
  await shows(tab, signedIn);

  const seen = await inPage(tab, async ({ api, signOut, subscribe, getSnapshot }) => {
    let calls = 0;
    const stop = subscribe(() => {
      calls += 1;
    });
    const before = getSnapshot();
    await api.me.get.query();
    const isKept = getSnapshot() === before && calls === 0;
    await signOut();
    const after = getSnapshot();
    stop();
    return { isKept, isReplaced: after !== before && getSnapshot() === after, calls };
  });

  expect(seen).toEqual({ isKept: true, isReplaced: true, calls: 1 });
});
