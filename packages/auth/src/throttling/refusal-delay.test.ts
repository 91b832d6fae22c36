import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createRefusalDelay } from "./refusal-delay.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Whether a promise has resolved by now. */
function watch(promise: Promise<void>): { readonly isOver: () => Promise<boolean> } {
  let isOver = false;
  void promise.then(() => {
    isOver = true;
  });
  return {
    async isOver() {
      await vi.advanceTimersByTimeAsync(0);
      return isOver;
    },
  };
}

describe("a refusal", () => {
  test("is answered after the delay and not before", async () => {
    const waiting = watch(createRefusalDelay(50).wait());
    await vi.advanceTimersByTimeAsync(49);
    expect(await waiting.isOver()).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(await waiting.isOver()).toBe(true);
  });

  test("waits with the others of its request, which are delayed once", async () => {
    const delay = createRefusalDelay(50);
    const { signal } = new AbortController();
    const first = watch(delay.wait(signal));
    await vi.advanceTimersByTimeAsync(30);
    const second = watch(delay.wait(signal));
    expect(vi.getTimerCount()).toBe(1);
    await vi.advanceTimersByTimeAsync(20);
    expect([await first.isOver(), await second.isOver()]).toEqual([true, true]);
    expect(await watch(delay.wait(signal)).isOver()).toBe(false);
  });

  test("is kept for nobody who is gone, before or meanwhile", async () => {
    const delay = createRefusalDelay(50);
    const client = new AbortController();
    const waiting = watch(delay.wait(client.signal));
    client.abort();
    expect(await waiting.isOver()).toBe(true);
    expect(await watch(delay.wait(client.signal)).isOver()).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("is answered at once when the service stops, and from then on", async () => {
    const delay = createRefusalDelay(50);
    const waiting = watch(delay.wait());
    delay.end();
    expect(await waiting.isOver()).toBe(true);
    expect(await watch(delay.wait()).isOver()).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("is answered at once while 2,000 others are delayed, so that a flood fills no memory", async () => {
    const delay = createRefusalDelay(50);
    for (let count = 0; count < 2_000; count += 1) void delay.wait();
    expect(await watch(delay.wait()).isOver()).toBe(true);
    await vi.advanceTimersByTimeAsync(50);
    expect(await watch(delay.wait()).isOver()).toBe(false);
  });

  test("is not delayed where the delay is 0", async () => {
    expect(await watch(createRefusalDelay(0).wait()).isOver()).toBe(true);
  });
});
