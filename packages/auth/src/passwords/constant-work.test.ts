import fc from "fast-check";
import { expect, it } from "vitest";
import { splitWork } from "./constant-work.ts";

const cost = fc.integer({ min: 4, max: 15 });
const work = (costs: readonly number[]) => costs.reduce((sum, part) => sum + 2 ** part, 0);

it("does one whole hash for an account that does not exist", () => {
  fc.assert(
    fc.property(cost, (current) => {
      expect(splitWork(current, 1)).toEqual([current]);
    }),
  );
});

it("does nothing more after work that was as large or larger", () => {
  fc.assert(
    fc.property(cost, fc.double({ max: 0, noNaN: true }), (current, share) => {
      expect(splitWork(current, share)).toEqual([]);
    }),
  );
});

it("comes within half a hash of cost 4 of what is left", () => {
  fc.assert(
    fc.property(cost, fc.double({ min: 0, max: 4, noNaN: true }), (current, share) => {
      expect(Math.abs(work(splitWork(current, share)) - share * 2 ** current)).toBeLessThanOrEqual(2 ** 3);
    }),
  );
});

it("does whole hashes and the rest of one in place of a dearer one", () => {
  expect(splitWork(12, 2.5)).toEqual([12, 12, 11]);
  expect(splitWork(4, 3)).toEqual([4, 4, 4]);
});

it("makes a cheaper bcrypt exactly as dear as ours", () => {
  expect(splitWork(12, 1 - 2 ** -2)).toEqual([11, 10]);
  expect(splitWork(12, 1 - 2 ** -8)).toEqual([11, 10, 9, 8, 7, 6, 5, 4]);
});
