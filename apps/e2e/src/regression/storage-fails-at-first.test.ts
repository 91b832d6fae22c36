import { type AuthStorage, memoryStorage } from "@latchkey/client";
import { afterEach, beforeEach, expect, vi } from "vitest";
import { openProgram, openSignedIn, test } from "../sdk/sdk-process.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Like a keychain before the phone was unlocked for the first time. */
function createLockedStorage(memory: AuthStorage) {
  let isLocked = true;
  const storage: AuthStorage = {
    ...memory,
    get: () => (isLocked ? Promise.reject(new Error("the keychain is locked")) : memory.get()),
  };
  const unlock = () => {
    isLocked = false;
  };
  return { storage, unlock };
}

test("a storage that cannot be read at first is not taken for an empty one", async ({ live }) => {
  const memory = memoryStorage();
  const { auth } = await openSignedIn(live, memory);
  const locked = createLockedStorage(memory);
  const { auth: restarted, shown } = openProgram(live, locked.storage);
  await vi.advanceTimersByTimeAsync(1_600);
  expect(restarted.getSnapshot().status).toBe("loading");
  locked.unlock();
  await vi.advanceTimersByTimeAsync(12_000);
  expect(shown).toEqual([auth.getSnapshot()]);
});

test("whoever waits for such a storage for long may sign in, and is found when it answers after all", async ({
  live,
}) => {
  const memory = memoryStorage();
  const { auth } = await openSignedIn(live, memory);
  const locked = createLockedStorage(memory);
  const { auth: restarted } = openProgram(live, locked.storage);
  await vi.advanceTimersByTimeAsync(25_000);
  expect(restarted.getSnapshot().status).toBe("signedOut");
  locked.unlock();
  await vi.advanceTimersByTimeAsync(12_000);
  expect(restarted.getSnapshot()).toEqual(auth.getSnapshot());
});
