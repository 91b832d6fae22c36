import { expect, test } from "vitest";
import { createUuid } from "./uuid.ts";

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
