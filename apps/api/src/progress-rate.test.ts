import { expect, test } from "vitest";
import { showRate } from "./progress-rate.ts";

function watch(isTTY: boolean) {
  const written: string[] = [];
  let now = 0;
  const stderr = { isTTY, write: (text: string) => written.push(text) > 0 };
  const rate = showRate({ stderr } as Parameters<typeof showRate>[0], () => now);
  const pass = (seconds: number) => {
    now += seconds * 1_000;
  };
  return { written, rate, pass };
}

test("a person at a terminal sees how far it is, how fast, and how long it takes still", () => {
  const { written, rate, pass } = watch(true);
  rate.show("import", 0, 200_000);
  pass(10);
  rate.show("import", 50_000, 200_000);
  rate.end();
  expect(written.at(-2)).toMatch(/^\rimport: 50,000 of 200,000 people, 5,000 a second, 30 s left *$/);
  expect(written.at(-1)).toBe("\n");
});

test("of a piece of work whose end nobody knows no time is told, and a line covers the one before", () => {
  const { written, rate, pass } = watch(true);
  rate.show("read", 5_000, null);
  pass(1);
  rate.show("read", 10_000, null);
  pass(0.1);
  rate.show("read", 15_000, null);
  pass(0.9);
  rate.show("import", 1, 2);
  expect(written.map((line) => line.trim())).toEqual([
    "read: 5,000 people, 0 a second",
    "read: 10,000 people, 10,000 a second",
    "import: 1 of 2 people, 0 a second",
  ]);
  expect(written[2]?.length).toBeGreaterThanOrEqual(written[1]?.length ?? 0);
});

test("what is no terminal gets nothing", () => {
  const { written, rate, pass } = watch(false);
  rate.show("import", 0, 10);
  pass(10);
  rate.show("import", 10, 10);
  rate.end();
  expect(written).toEqual([]);
});
