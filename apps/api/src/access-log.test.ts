import { expect, test } from "vitest";
import { type AccessLog, createAccessFilter } from "./access-log.ts";

const ordinary = { path: "/trpc/me.get", status: 200, milliseconds: 3 };
const failed = { ...ordinary, status: 503 };
const late = { ...ordinary, milliseconds: 1_500 };
const probe = { ...ordinary, path: "/readyz" };
const unready = { ...probe, status: 503 };

test.each<[AccessLog, number, number, number]>([
  ["all", 1_000, 1_000, 1_000],
  ["failures", 0, 1_000, 0],
  ["off", 0, 0, 0],
  [100, 10, 1_000, 0],
  [1, 1_000, 1_000, 0],
])("%s: so many lines of 1,000 ordinary answers, of failures and of good probes", (accessLog, ...lines) => {
  const count = (answered: typeof ordinary) => {
    const isWritten = createAccessFilter(accessLog);
    return Array.from({ length: 1_000 }, () => isWritten(answered)).filter(Boolean).length;
  };
  expect([ordinary, failed, probe].map(count)).toEqual(lines);
  expect([late, unready].map(count)).toEqual([lines[1], lines[1]]);
});
