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
    /** Lets a turn of the event loop end. */
    turn: () => new Promise(setImmediate),
  };
}

const names = (prefix: string, count: number) => Array.from({ length: count }, (_, number) => `${prefix}${number}`);

describe("a crowd that floods", () => {
  test("begins one batch a turn, and what comes from elsewhere begins at once", async () => {
    const bench = createBench();
    bench.arrive("neighbour", "hello");
    for (const name of names("flood", 50)) bench.arrive("flooder", name, 20);
    bench.arrive("neighbour", "here");
    await bench.turn();
    expect(bench.begun).toEqual(["hello", "flood0", "here"]);
    bench.end("flood0");
    await bench.turn();
    expect(bench.begun).toEqual(["hello", "flood0", "here", "flood1"]);
  });

  test("leaves the turns after to the others, for twice as long as its own took", async () => {
    const bench = createBench();
    bench.arrive("neighbour", "hello");
    for (const name of names("flood", 3)) bench.arrive("flooder", name, 20);
    bench.end("flood0");
    bench.pass(10);
    await bench.turn();
    bench.pass(19);
    bench.arrive("neighbour", "here");
    await bench.turn();
    expect(bench.begun).toEqual(["hello", "flood0", "here"]);
    bench.pass(1);
    bench.arrive("flooder", "late");
    expect(bench.begun.at(-1)).toBe("flood1");
  });

  test("has all that it sent done, in its order", async () => {
    const bench = createBench();
    bench.arrive("neighbour", "hello");
    for (const name of names("flood", 20)) bench.arrive("flooder", name, 20);
    for (const name of names("flood", 20)) {
      expect(bench.begun.at(-1)).toBe(name);
      bench.end(name);
      await bench.turn();
    }
  });

  test("is told so beyond a thousand that wait, while others are taken", async () => {
    const bench = createBench({ mayWait: 10 });
    for (const name of names("flood", 13)) bench.arrive("flooder", name, 20);
    bench.arrive("neighbour", "hello");
    expect(bench.refused).toEqual(["flood11", "flood12"]);
    expect(bench.begun).toContain("hello");
  });
});

test("work that goes on for long keeps nobody busy: sign-ins that wait for their turn do not hold up the same address's other calls", async () => {
  const bench = createBench();
  bench.arrive("neighbour", "hello");
  for (const name of names("sign-in", 20)) bench.arrive("office", name);
  bench.arrive("office", "call");
  // One long turn is no proof: in it nothing could end.
  bench.pass(49);
  await bench.turn();
  expect(bench.begun).not.toContain("call");
  for (let turns = 10; turns > 0; turns -= 1) {
    bench.pass(5);
    await bench.turn();
    bench.arrive("neighbour", "here");
  }
  bench.pass(100);
  bench.arrive("office", "again");
  expect(bench.begun).toContain("call");
});

test("a crowd that is alone has more done in a turn and never rests, since nobody waits for it", async () => {
  const bench = createBench();
  bench.arrive("office", "early");
  bench.pass(1_000);
  await bench.turn();
  for (const name of names("call", 60)) bench.arrive("office", name);
  expect(bench.begun).toHaveLength(1 + 40);
  bench.pass(100);
  await bench.turn();
  expect(bench.begun).toHaveLength(1 + 60);
});

test("a crowd that wants no more than its share never rests, however long the turns are that others make", async () => {
  const bench = createBench();
  for (const round of names("round", 5)) {
    bench.arrive("neighbour", `${round} of neighbour`);
    bench.arrive("office", round);
    bench.pass(50);
    await bench.turn();
    expect(bench.begun.at(-1)).toBe(round);
  }
});
