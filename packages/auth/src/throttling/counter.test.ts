import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Counter, countAttempt, findWait } from "./counter.ts";
import { type Limit, limits } from "./limits.ts";

const start = new Date("2026-01-01T00:00:00Z");
const after = (seconds: number) => new Date(start.getTime() + seconds * 1000);
const none: Counter = { count: 0, availableAt: start, forgottenAt: start };
const limit: Limit = { allowed: 3, firstDelay: 2, longestWait: 10, resetAfter: 100, onSuccess: "forget" };

/** The counter after so many attempts, each at the first moment at which it is let through. */
function attempt(times: number, to: Limit = limit) {
  let counter = none;
  let now = start;
  const waits: number[] = [];
  for (let made = 0; made < times; made += 1) {
    const wait = findWait(to, counter, now);
    waits.push(wait);
    now = new Date(now.getTime() + wait * 1000);
    counter = countAttempt(to, counter, now);
  }
  return { counter, now, waits };
}

test("the free attempts are not held up, and each one after them waits twice as long as the last, up to the longest wait", () => {
  expect(attempt(8).waits).toEqual([0, 0, 0, 2, 4, 8, 10, 10]);
});

test("a wait ends to the millisecond, and an attempt that is refused makes it no longer", () => {
  const { counter } = attempt(3);
  expect(findWait(limit, counter, after(1.999))).toBeCloseTo(0.001);
  expect(findWait(limit, counter, after(1.999))).toBeCloseTo(0.001);
  expect(findWait(limit, counter, after(2))).toBe(0);
});

test("after a quiet time all is forgotten, and not a moment sooner", () => {
  const { counter, now } = attempt(6);
  const later = (seconds: number) => new Date(now.getTime() + seconds * 1000);
  expect(countAttempt(limit, counter, later(99.999)).count).toBe(7);
  expect(countAttempt(limit, counter, later(100)).count).toBe(1);
  expect(findWait(limit, counter, later(100))).toBe(0);
});

test("what is never forgotten is closed for ever once it is full", () => {
  const closing: Limit = { ...limit, allowed: 100, lockAfter: 5, resetAfter: null };
  const { counter, waits } = attempt(5, closing);
  expect(waits).toEqual([0, 0, 0, 0, 0]);
  expect(findWait(closing, counter, after(1e9))).toBe(Number.POSITIVE_INFINITY);
});

test("no number of attempts, however large, makes a wait longer than the longest", () => {
  fc.assert(
    fc.property(fc.nat(), (count) => {
      const counter = countAttempt(limit, { count, availableAt: start, forgottenAt: null }, start);
      expect(findWait(limit, counter, start)).toBeLessThanOrEqual(limit.longestWait);
    }),
  );
});

describe.each(Object.entries(limits))("the limit %s", (_name, named: Limit) => {
  test("lets its first attempt through and forgets no sooner than its longest wait is over", () => {
    expect(findWait(named, none, start)).toBe(0);
    expect(named.resetAfter ?? Number.POSITIVE_INFINITY).toBeGreaterThanOrEqual(named.longestWait);
  });
});
