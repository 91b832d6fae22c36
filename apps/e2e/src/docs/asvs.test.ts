import { expect, test } from "vitest";
import { proseOf, readPage, tablesOf } from "./documents.ts";
import { type Evidence, expectFiles, expectNoneMissing, expectTitles } from "./evidence.ts";

const states = ["met", "partly", "not", "n/a"] as const;

interface Row extends Evidence {
  readonly level: string;
  readonly state: string;
}

const page = await readPage("docs/internals/asvs.md");

const rows: readonly Row[] = tablesOf(page)
  .flat()
  .filter(([number = "", level = ""]) => /^\d+\.\d+\.\d+$/.test(number) && /^\d$/.test(level))
  .map(([name = "", level = "", , state = "", where = "", shownBy = ""]) => ({
    name,
    level,
    state,
    where,
    shownBy,
  }));

/** The least share of applicable rows that are met, by level. */
const bounds = new Map(
  [...proseOf(page).matchAll(/^\| ([123]) \| (\d+) \|$/gm)].map(([, level = "", percent]) => [level, Number(percent)]),
);

test("every requirement of the standard stands there once, at a level and in a state that there is", () => {
  expect(rows).toHaveLength(345);
  expect(new Set(rows.map(({ name }) => name)).size).toBe(345);
  const chapters = new Set(rows.map(({ name }) => Number(name.split(".")[0])));
  expect([...chapters].sort((a, b) => a - b)).toEqual(Array.from({ length: 17 }, (_, index) => index + 1));
  for (const { name, level, state, where } of rows) {
    expect(["1", "2", "3"], name).toContain(level);
    expect(states, name).toContain(state);
    expect(where, name).not.toBe("");
  }
});

test("what is met or partly met names a file and what shows it, and each of them is there", async () => {
  for (const row of rows)
    await (row.state === "met" || row.state === "partly" ? expectFiles(row) : expectNoneMissing(row));
});

test("each title of a test that is named is one of the file before it", async () => {
  expect(await expectTitles(rows)).toBeGreaterThan(5);
});

test("what is not met, or not whole, has its reason in words, and nothing else has", () => {
  const told = tablesOf(page)
    .flat()
    .filter(([, why = ""]) => why.length > 20)
    .flatMap(([numbers = ""]) => numbers.match(/\d+\.\d+\.\d+/g) ?? []);
  const short = rows.filter(({ state }) => state === "partly" || state === "not").map(({ name }) => name);
  expect(told.sort()).toEqual(short.sort());
});

test.each(["1", "2", "3"])("of the rows of level %s that apply, as many are met as the page says, or more", (level) => {
  const applicable = rows.filter((row) => row.level === level && row.state !== "n/a");
  const met = applicable.filter(({ state }) => state === "met").length;
  const percent = (100 * met) / applicable.length;
  expect(percent).toBeGreaterThanOrEqual(bounds.get(level) ?? 100);
  expect(Math.floor(percent), "raise the bound").toBe(bounds.get(level));
});
