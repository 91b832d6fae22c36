import { expect, test } from "vitest";
import { addUp, isUnusual, lastDay, lastHour, listDays, listSteps } from "./steps.ts";

const at = "2026-11-26T02:38:00Z";

test("the last 24 hours end with the present one, whatever zone the reader is in", () => {
  const hours = listSteps(at, lastDay);
  expect(hours).toHaveLength(24);
  expect(new Date(hours.at(-1) ?? 0).toISOString()).toBe("2026-11-26T02:00:00.000Z");
  expect(new Date(hours[0] ?? 0).toISOString()).toBe("2026-11-25T03:00:00.000Z");
});

test("the last hour ends with the five minutes that are not over", () => {
  const steps = listSteps(at, lastHour);
  expect(steps).toHaveLength(12);
  expect(new Date(steps.at(-1) ?? 0).toISOString()).toBe("2026-11-26T02:35:00.000Z");
  expect(new Date(steps[0] ?? 0).toISOString()).toBe("2026-11-26T01:40:00.000Z");
});

test("days begin at the reader's midnight, also where one has 23 or 25 hours", () => {
  const days = listDays(at, 14).map((day) => new Date(day));
  expect(days).toHaveLength(14);
  expect(days.map((day) => [day.getHours(), day.getMinutes()])).toEqual(days.map(() => [0, 0]));
  expect(days.at(-1)?.toDateString()).toBe(new Date(at).toDateString());
});

test("counts are added up in their step, and a step of which there is nothing is zero", () => {
  const steps = listSteps(at, lastDay);
  const counts = [
    { from: "2026-11-26T02:00:00.000Z", count: 2 },
    { from: "2026-11-26T02:59:59.000Z", count: 3 },
    { from: "2026-11-26T00:00:00.000Z", count: 9 },
    { from: "2026-11-20T00:00:00.000Z", count: 100 },
  ];
  const sums = addUp(steps, counts, ({ count }) => count);
  expect(sums.slice(-3)).toEqual([9, 0, 5]);
  expect(sums.slice(0, -3)).toEqual(Array.from({ length: 21 }, () => 0));
});

test("an hour is unusual that is far above the busy ones of the day, and not one of few events or of a busy day", () => {
  const quiet = Array.from({ length: 22 }, () => 4);
  expect(isUnusual([...quiet, 60, 0])).toBe(true);
  expect(isUnusual([...quiet, 0, 60])).toBe(true);
  expect(isUnusual([...quiet, 15, 0])).toBe(false);
  expect(isUnusual([...quiet.map(() => 50), 60, 0])).toBe(false);
  expect(isUnusual([...quiet.slice(11).map(() => 1), ...quiet.slice(11).map(() => 50), 120, 0])).toBe(false);
});
