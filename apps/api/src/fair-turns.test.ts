import { describe, expect, test } from "vitest";
import { createFairTurns } from "./fair-turns.ts";

/** Fair turns with a stopwatch to move, and arrivals that end when they are told to. */
function createBench({ mayWait = 100 } = {}) {
  let time = 0;
  const turns = createFairTurns({ shared: 20, alone: 40, mayWait, now: () => time });
  const begun: string[] = [];
  const refused: string[] = [];
  const ends = new Map<string, () => void>();
  return {
    begun,
    refused,
    arrive(crowd: string, name: string, calls = 1) {
      const begin = (end: () => void) => {
        begun.push(name);
        ends.set(name, end);
      };
      turns.take(crowd, { calls, begin, refuse: () => void refused.push(name) });
    },
    end: (name: string) => ends.get(name)?.(),
    pass: (milliseconds: number) => {
      time += milliseconds;
    },
    /** Lets everything happen that waits for a turn of the event loop. */
    async turn() {
      for (let left = 3; left > 0; left -= 1) await new Promise(setImmediate);
    },
  };
}

const names = (prefix: string, count: number) => Array.from({ length: count }, (_, number) => `${prefix}${number}`);

describe("a crowd that floods", () => {
  test("waits for itself: of its batches one is worked on at once, and what comes from elsewhere begins at once", async () => {
    const bench = createBench();
    bench.arrive("neighbour", "hello");
    for (const name of names("flood", 50)) bench.arrive("flooder", name, 20);
    await bench.turn();
    expect(bench.begun).toEqual(["hello", "flood0"]);
    bench.arrive("neighbour", "here");
    await bench.turn();
    expect(bench.begun).toEqual(["hello", "flood0", "here"]);
    bench.end("flood0");
    await bench.turn();
    expect(bench.begun.at(-1)).toBe("flood1");
  });

  test("has all that it sent done, in its order, as one ends after the other", async () => {
    const bench = createBench();
    bench.arrive("neighbour", "hello");
    for (const name of names("flood", 20)) bench.arrive("flooder", name, 20);
    for (const name of names("flood", 20)) {
      await bench.turn();
      expect(bench.begun.at(-1)).toBe(name);
      bench.end(name);
    }
  });

  test("is told so beyond a thousand that wait, while others are taken", async () => {
    const bench = createBench({ mayWait: 10 });
    for (const name of names("flood", 12)) bench.arrive("flooder", name, 20);
    bench.arrive("neighbour", "hello");
    await bench.turn();
    expect(bench.refused).toEqual(["flood11"]);
    expect(bench.begun).toContain("hello");
  });
});

test("a crowd that is alone has more done at once, since nobody waits for it", async () => {
  const bench = createBench();
  bench.arrive("office", "early");
  bench.pass(1_000);
  for (const name of names("call", 60)) bench.arrive("office", name);
  await bench.turn();
  expect(bench.begun).toHaveLength(1 + 40);
});

test("work that goes on for long keeps nobody busy: sign-ins that wait for their turn do not hold up the same address's other calls", async () => {
  const bench = createBench();
  bench.arrive("neighbour", "hello");
  for (const name of names("sign-in", 20)) bench.arrive("office", name);
  bench.arrive("office", "call");
  await bench.turn();
  expect(bench.begun).not.toContain("call");
  bench.pass(50);
  bench.arrive("office", "again");
  await bench.turn();
  expect(bench.begun).toContain("call");
});
