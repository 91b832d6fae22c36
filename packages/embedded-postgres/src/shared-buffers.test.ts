import { expect, test } from "vitest";
import { sharedBuffers } from "./shared-buffers.ts";

const gibibyte = 1024 ** 3;

test.each([
  ["a small container", gibibyte / 2, 128],
  ["a small machine", 2 * gibibyte, 256],
  ["a large one", 64 * gibibyte, 1_024],
])("pages take an eighth of the memory, within bounds: %s", (_, memory, mebibytes) => {
  expect(sharedBuffers(memory)).toBe(mebibytes);
});

test("and of this one no less than PostgreSQL takes by itself", () => {
  expect(sharedBuffers()).toBeGreaterThanOrEqual(128);
});
