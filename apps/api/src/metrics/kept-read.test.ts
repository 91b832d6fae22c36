import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { keepRead } from "./kept-read.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const minute = 60_000;

/** A read whose answers the test decides on. */
function createRead() {
  const reads: PromiseWithResolvers<string>[] = [];
  const read = () => {
    const next = Promise.withResolvers<string>();
    reads.push(next);
    return next.promise;
  };
  return { reads, ask: keepRead(read, minute) };
}

test("what was read is used again for its time, by all who ask", async () => {
  const { reads, ask } = createRead();
  const asked = Promise.all([ask(), ask()]);
  reads[0]?.resolve("first");
  expect(await asked).toEqual(["first", "first"]);
  vi.advanceTimersByTime(minute);
  expect(await ask()).toBe("first");
  expect(reads).toHaveLength(1);
});

test("nobody waits long for a database that hangs, nobody asks it twice, and its answer is there for the next", async () => {
  const { reads, ask } = createRead();
  const asked = Promise.all([ask(), ask()]);
  await vi.advanceTimersByTimeAsync(500);
  expect(await asked).toEqual([undefined, undefined]);
  const again = ask();
  await vi.advanceTimersByTimeAsync(500);
  expect(await again).toBeUndefined();
  expect(reads).toHaveLength(1);
  reads[0]?.resolve("late");
  await vi.advanceTimersByTimeAsync(0);
  expect(await ask()).toBe("late");
});

test("a figure is as old as twice its time at most, and gone as soon as a read fails", async () => {
  const { reads, ask } = createRead();
  const first = ask();
  reads[0]?.resolve("first");
  await first;
  vi.advanceTimersByTime(minute + 1);
  const meanwhile = ask();
  await vi.advanceTimersByTimeAsync(500);
  expect(await meanwhile).toBe("first");
  reads[1]?.reject(new Error("away"));
  await vi.advanceTimersByTimeAsync(0);
  expect(await ask()).toBeUndefined();
});

test.each([
  ["five seconds after a failure", new Error("away"), 5_000],
  ["a whole interval after it took too long", Object.assign(new Error("canceling"), { code: "57014" }), minute],
])("the database is asked again %s", async (_when, error, rest) => {
  const { reads, ask } = createRead();
  const asked = ask();
  reads[0]?.reject(error);
  expect(await asked).toBeUndefined();
  vi.advanceTimersByTime(rest);
  expect(await ask()).toBeUndefined();
  expect(reads).toHaveLength(1);
  vi.advanceTimersByTime(1);
  const next = ask();
  reads[1]?.resolve("back");
  expect(await next).toBe("back");
});
