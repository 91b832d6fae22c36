import { expect, test } from "vitest";
import { createUuid, isUuid } from "./uuid.ts";

test("a UUID is of version 7, of this millisecond, and no other", () => {
  const before = Date.now();
  const ids = Array.from({ length: 1_000 }, createUuid);
  const after = Date.now();
  expect(new Set(ids).size).toBe(1_000);
  for (const id of ids) {
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    const time = Number.parseInt(id.replaceAll("-", "").slice(0, 12), 16);
    expect(time).toBeGreaterThanOrEqual(before);
    expect(time).toBeLessThanOrEqual(after);
  }
});

test.each([
  "018f4e9c-7b1a-7c3d-8e2f-0123456789AB",
  "018f4e9c-7b1a-7c3d-8e2f-0123456789ab\n",
  " 018f4e9c-7b1a-7c3d-8e2f-0123456789ab",
  "018f4e9c7b1a7c3d8e2f0123456789ab",
  "{018f4e9c-7b1a-7c3d-8e2f-0123456789ab}",
  "",
  null,
  7,
  ["018f4e9c-7b1a-7c3d-8e2f-0123456789ab"],
])("%j is no id as the database writes it", (value) => {
  expect(isUuid(value)).toBe(false);
});

test("every id that is made is one", () => {
  expect(Array.from({ length: 100 }, createUuid).every(isUuid)).toBe(true);
});
