import { expect, test } from "vitest";
import { median, quantile, summarise, summariseRatios } from "./statistics.ts";

test("the median is the middle value, and between the two middle ones where their number is even", () => {
  expect(median([9, 1, 5])).toBe(5);
  expect(median([9, 1, 5, 7])).toBe(6);
  expect(median([3])).toBe(3);
});

test("a percentile is exact at a value and lies on a straight line between two", () => {
  const hundredAndOne = Array.from({ length: 101 }, (_, index) => 100 - index);
  expect(quantile(hundredAndOne, 0.99)).toBe(99);
  expect(quantile(hundredAndOne, 0)).toBe(0);
  expect(quantile(hundredAndOne, 1)).toBe(100);
  expect(quantile([10, 20], 0.25)).toBe(12.5);
});

test("values are sorted as numbers and the caller's list is left as it was", () => {
  const values = [100, 9, 20];
  expect(summarise(values)).toEqual({ median: 20, lowest: 9, highest: 100 });
  expect(values).toEqual([100, 9, 20]);
});

test("a ratio is the median of each repetition's own, so that a slow minute does not show in it", () => {
  // The machine was half as fast in the second repetition; both sides met it.
  expect(summariseRatios([80, 40, 82], [100, 50, 100])).toEqual({ median: 0.8, lowest: 0.8, highest: 0.82 });
});

test("no values, or sides that were measured unequally often, are refused", () => {
  expect(() => median([])).toThrow(RangeError);
  expect(() => summariseRatios([1, 2], [1])).toThrow(RangeError);
});
