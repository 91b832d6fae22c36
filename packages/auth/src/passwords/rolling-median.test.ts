import { expect, it } from "vitest";
import { createRecentMedian } from "./rolling-median.ts";

it("is not moved by one slow moment, and forgets what is long ago", () => {
  const median = createRecentMedian(3);
  expect(median.read()).toBeUndefined();
  for (const value of [10, 900, 11]) median.add(value);
  expect(median.read()).toBe(11);
  for (const value of [50, 50]) median.add(value);
  expect(median.read()).toBe(50);
});
