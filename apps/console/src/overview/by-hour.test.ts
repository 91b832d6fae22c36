import { expect, test } from "vitest";
import { countByHour, isUnusual, listHours } from "./by-hour.ts";

const at = "2026-11-26T02:38:00Z";

test("the last 24 hours end with the present one, whatever zone the reader is in", () => {
  const hours = listHours(at);
  expect(hours).toHaveLength(24);
  expect(new Date(hours.at(-1) ?? 0).toISOString()).toBe("2026-11-26T02:00:00.000Z");
  expect(new Date(hours[0] ?? 0).toISOString()).toBe("2026-11-25T03:00:00.000Z");
});

test("events are added up in their hour, and an hour of which there is nothing is zero", () => {
  const hours = listHours(at);
  const counts = [
    { hour: "2026-11-26T02:00:00.000Z", event: "signed_in", count: 2 },
    { hour: "2026-11-26T02:00:00.000Z", event: "user_created", count: 3 },
    { hour: "2026-11-26T01:00:00.000Z", event: "signed_out", count: 9 },
  ];
  expect(countByHour(hours, counts, ["signed_in", "user_created"]).slice(-2)).toEqual([0, 5]);
});

test("an hour is unusual that is far above the busy ones of the day, and not one of few events or of a busy day", () => {
  const quiet = Array.from({ length: 22 }, () => 4);
  expect(isUnusual([...quiet, 60, 0])).toBe(true);
  expect(isUnusual([...quiet, 0, 60])).toBe(true);
  expect(isUnusual([...quiet, 15, 0])).toBe(false);
  expect(isUnusual([...quiet.map(() => 50), 60, 0])).toBe(false);
  expect(isUnusual([...quiet.slice(11).map(() => 1), ...quiet.slice(11).map(() => 50), 120, 0])).toBe(false);
});
