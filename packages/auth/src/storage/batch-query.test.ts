import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "vitest";
import { batchQuery } from "./batch-query.ts";

test("calls from different callbacks of one turn of the event loop share a query, and later ones do not", async () => {
  const queries: (readonly number[])[] = [];
  const double = batchQuery(async (keys: readonly number[]) => {
    queries.push(keys);
    return keys.map((key) => key * 2);
  });
  // Node gives each connection that it reads a callback of its own, as it does these.
  const answers = [1, 2, 3].map((key) => nextTurn().then(() => double(key)));

  expect(await Promise.all(answers)).toEqual([2, 4, 6]);
  expect(await double(1)).toBe(2);
  expect(queries).toEqual([[1, 2, 3], [1]]);
});

test("the same key twice is read twice, and one that fails fails alone", async () => {
  const run = async (keys: readonly string[]) => keys.map((key) => (key === "bad" ? new Error(key) : keys.length));
  const read = batchQuery<string, number>(run);
  const [one, same, bad] = await Promise.allSettled([read("one"), read("one"), read("bad")]);

  expect([one, same]).toEqual([
    { status: "fulfilled", value: 3 },
    { status: "fulfilled", value: 3 },
  ]);
  expect(bad.status).toBe("rejected");
});

test("calls that come while two queries are on their way share the next one, which begins when either is answered", async () => {
  const queries: { readonly keys: readonly number[]; answer(): void }[] = [];
  const read = batchQuery(
    (keys: readonly number[]) =>
      new Promise<readonly number[]>((resolve) => queries.push({ keys, answer: () => resolve(keys) })),
    { longestHold: 60_000 },
  );
  const begun: Promise<number>[] = [];
  for (const key of [1, 2, 3, 4]) {
    begun.push(read(key));
    await nextTurn();
    await nextTurn();
  }
  expect(queries.map(({ keys }) => keys)).toEqual([[1], [2]]);

  queries[1]?.answer();
  expect(await begun[1]).toBe(2);
  expect(queries.map(({ keys }) => keys)).toEqual([[1], [2], [3, 4]]);
  const last = read(5);
  await nextTurn();
  await nextTurn();
  expect(queries).toHaveLength(3);

  queries[0]?.answer();
  queries[2]?.answer();
  expect(await Promise.all(begun)).toEqual([1, 2, 3, 4]);
  queries[3]?.answer();
  expect(await last).toBe(5);
  expect(queries.map(({ keys }) => keys)).toEqual([[1], [2], [3, 4], [5]]);
});

test("queries that are not answered hold up the next one for a moment only", async () => {
  const read = batchQuery(
    (keys: readonly number[]) => (keys.includes(0) ? new Promise<number[]>(() => {}) : Promise.resolve([...keys])),
    { longestHold: 1 },
  );
  for (let stuck = 0; stuck < 2; stuck++) {
    void read(0);
    await nextTurn();
  }

  expect(await read(2)).toBe(2);
});

test("a query that fails holds up none", async () => {
  const run = async (keys: readonly number[]) => {
    if (keys.includes(1)) throw new RangeError("1");
    return keys;
  };
  const read = batchQuery(run, { longestHold: 60_000 });
  await expect(read(1)).rejects.toThrow(RangeError);

  expect(await read(2)).toBe(2);
});
