import { access, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { codeIn, proseOf, readPage, root, tablesOf } from "./documents.ts";

const states = ["met", "partly", "not", "n/a"] as const;

interface Row {
  readonly number: string;
  readonly level: string;
  readonly state: string;
  readonly where: string;
  readonly shownBy: string;
}

const page = await readPage("docs/internals/asvs.md");

const rows: readonly Row[] = tablesOf(page)
  .flat()
  .filter(([number = "", level = ""]) => /^\d+\.\d+\.\d+$/.test(number) && /^\d$/.test(level))
  .map(([number = "", level = "", , state = "", where = "", shownBy = ""]) => ({
    number,
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
  expect(new Set(rows.map(({ number }) => number)).size).toBe(345);
  const chapters = new Set(rows.map(({ number }) => Number(number.split(".")[0])));
  expect([...chapters].sort((a, b) => a - b)).toEqual(Array.from({ length: 17 }, (_, index) => index + 1));
  for (const { number, level, state, where } of rows) {
    expect(["1", "2", "3"], number).toContain(level);
    expect(states, number).toContain(state);
    expect(where, number).not.toBe("");
  }
});

test("what is met or partly met names a file and what shows it, and each of them is there", async () => {
  for (const { number, state, where, shownBy } of rows) {
    const files = [...codeIn(where), ...codeIn(shownBy)].filter((code) => /\.\w+$/.test(code));
    if (state === "met" || state === "partly") expect(codeIn(shownBy).length, number).toBeGreaterThan(0);
    for (const file of files) await access(join(root, file)).catch(() => expect.fail(`${number}: there is no ${file}`));
  }
});

test("each title of a test that is named is one of the file before it", async () => {
  const named = rows.flatMap(({ number, shownBy }) =>
    [...shownBy.matchAll(/`([^`]+)` "([^"]+)"/g)].map(([, file = "", title = ""]) => ({ number, file, title })),
  );
  expect(named.length).toBeGreaterThan(5);
  for (const { number, file, title } of named)
    expect(await readFile(join(root, file), "utf8"), `${number}: ${title}`).toContain(`"${title}"`);
});

test("what is not met, or not whole, has its reason in words, and nothing else has", () => {
  const told = tablesOf(page)
    .flat()
    .filter(([, why = ""]) => why.length > 20)
    .flatMap(([numbers = ""]) => numbers.match(/\d+\.\d+\.\d+/g) ?? []);
  const short = rows.filter(({ state }) => state === "partly" || state === "not").map(({ number }) => number);
  expect(told.sort()).toEqual(short.sort());
});

test.each(["1", "2", "3"])("of the rows of level %s that apply, as many are met as the page says, or more", (level) => {
  const applicable = rows.filter((row) => row.level === level && row.state !== "n/a");
  const met = applicable.filter(({ state }) => state === "met").length;
  const percent = (100 * met) / applicable.length;
  expect(percent).toBeGreaterThanOrEqual(bounds.get(level) ?? 100);
  expect(Math.floor(percent), "raise the bound").toBe(bounds.get(level));
});
