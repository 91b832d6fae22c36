import { expect, test } from "vitest";
import { codeIn, readPage, tablesOf } from "./documents.ts";
import { type Evidence, expectFiles, expectNoneMissing, expectTitles } from "./evidence.ts";

const states = ["met", "by setting", "partly", "not", "n/a"];

interface Row extends Evidence {
  readonly section: string;
  readonly level: string;
  readonly state: string;
  /** Settings, or what is missing. */
  readonly why: string;
}

const tables = tablesOf(await readPage("docs/internals/nist-800-63b.md"));

const rows: readonly Row[] = tables
  .flat()
  .filter(([section = ""]) => /^\d(\.\d+)+$/.test(section))
  .map(([section = "", level = "", short = "", state = "", where = "", shownBy = "", why = ""]) => ({
    name: `${section} ${short}`,
    section,
    level,
    state,
    where,
    shownBy,
    why,
  }));

/** The rows of the table with two columns that says a thing of each level. */
const ofLevels = (index: number) => new Map((tables[index] ?? []).map(([level = "", what = ""]) => [level, what]));

test("every row stands once, at a level and in a state that there is, and no chapter is left out", () => {
  expect(rows.length).toBeGreaterThan(60);
  expect(new Set(rows.map(({ name }) => name)).size).toBe(rows.length);
  const chapters = new Set(rows.map(({ section }) => section.slice(0, 3)));
  const expected = ["2.1", "2.2", "2.4", "3.1", "3.2", "4.1", "4.2", "4.3", "4.4", "4.5", "4.6", "5.1", "5.2", "5.3"];
  expect([...chapters].sort()).toEqual(expected);
  for (const { name, level, state, where } of rows) {
    expect(["1", "2"], name).toContain(level);
    expect(states, name).toContain(state);
    expect(where, name).not.toBe("");
  }
});

test("what applies names files that are there and titles that they have", async () => {
  for (const row of rows) await (["not", "n/a"].includes(row.state) ? expectNoneMissing(row) : expectFiles(row));
  expect(await expectTitles(rows)).toBeGreaterThan(30);
});

test("what is not met as it comes says why, or by which settings, and nothing else does", () => {
  const told = rows.filter(({ why }) => why !== "").map(({ name }) => name);
  expect(told).toEqual(rows.filter(({ state }) => state !== "met").map(({ name }) => name));
});

test("each setting that is named is one, with a value that docs/settings.md allows where that is a word", async () => {
  const settings = new Map(
    tablesOf(await readPage("docs/settings.md"))
      .flat()
      .flatMap(([names = "", , values = ""]) => codeIn(names).map((name) => [name, codeIn(values)] as const)),
  );
  const named = [...ofLevels(0).values(), ...rows.map(({ why }) => why)].flatMap(codeIn);
  const asked = named.filter((code) => /^[A-Z_]+(=|$)/.test(code)).map((code) => code.split("="));
  expect(asked.length).toBeGreaterThan(20);
  for (const [name = "", value = ""] of asked) {
    expect([...settings.keys()]).toContain(name);
    if (/^[a-z]+$/.test(value)) expect(settings.get(name), name).toContain(value);
  }
});

test.each(["1", "2"])("at AAL%s as many of the rows that apply are met as the page says", (level) => {
  const applicable = rows.filter((row) => row.level <= level && row.state !== "n/a");
  const met = applicable.filter(({ state }) => state === "met" || state === "by setting").length;
  expect(String(Math.floor((100 * met) / applicable.length))).toBe(ofLevels(1).get(level));
});
