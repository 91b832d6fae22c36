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
