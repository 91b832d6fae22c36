import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { codeIn, readPage, root, tablesOf } from "./documents.ts";
import { expectFiles, expectTitles } from "./evidence.ts";

const path = "docs/privacy.md";

/** The rows of the table that begins with a cell. */
async function rowsFrom(first: string): Promise<string[][]> {
  const tables = tablesOf(await readPage(path));
  return tables.find(([row]) => row?.[0]?.startsWith(first)) ?? [];
}

test("docs/privacy.md says of every column of the schema what it is, who reads it and how long it is kept", async () => {
  const snapshot = await readFile(join(root, "packages/auth/src/storage/schema.snapshot.sql"), "utf8");
  const columns = [...snapshot.matchAll(/^(\w+\.\w+) /gm)].map(([, column = ""]) => column);
  let table = "";
  const told: string[] = [];
  for (const [name = "", names = "", ...rest] of await rowsFrom("`users`")) {
    table = codeIn(name)[0] ?? table;
    expect(rest, `${table}: ${names}`).toHaveLength(3);
    expect(rest, `${table}: ${names}`).not.toContain("");
    told.push(...codeIn(names).map((column) => `${table}.${column}`));
  }
  expect(columns.length).toBeGreaterThan(200);
  expect(columns.filter((column) => !told.includes(column))).toEqual([]);
  expect(told.filter((column) => !columns.includes(column))).toEqual([]);
  expect(told.filter((column, index) => told.indexOf(column) !== index)).toEqual([]);
});

test("docs/privacy.md has every claim of an access token, and no column of secrets is for anybody but the operator", async () => {
  const source = await readFile(join(root, "packages/auth/src/tokens/access-token.ts"), "utf8");
  const [, body = ""] = /interface AccessTokenClaims \{(.*?)\n\}/s.exec(source) ?? [];
  const claims = [...body.matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, claim = ""]) => claim);
  const told = (await rowsFrom("`iss`")).flatMap(([names = ""]) => codeIn(names));
  expect(claims.length).toBeGreaterThan(8);
  expect(told.sort()).toEqual(claims.sort());
  const secrets = (await rowsFrom("`users`")).filter(([, , kind]) => kind === "secret");
  expect(secrets.filter(([, , , readers]) => readers !== "operator")).toEqual([]);
});

test("whoever docs/privacy.md says can read a column of theirs finds it in the export, and nobody else", async () => {
  const source = await readFile(join(root, "packages/auth/src/flows/steps/personal-records.ts"), "utf8");
  const hidden = new Map(
    [...source.matchAll(/^ {2}(\w+): \{[^}]*?hides: \[([^\]]*)\]/gms)].map(([, table = "", hides = ""]) => [
      table,
      [...hides.matchAll(/"(\w+)"/g)].map(([, column = ""]) => column),
    ]),
  );
  expect(hidden.size).toBeGreaterThan(20);
  let table = "";
  const wrong: string[] = [];
  for (const [name = "", names = "", , readers = ""] of await rowsFrom("`users`")) {
    table = codeIn(name)[0] ?? table;
    // The activity has them in words of its own.
    if (table === "audit_events") continue;
    for (const column of codeIn(names)) {
      const isExported = hidden.get(table)?.includes(column) === false;
      if (isExported !== readers.startsWith("owner")) wrong.push(`${table}.${column}`);
    }
  }
  expect(wrong).toEqual([]);
});

test.each(["`level`", "`iss`"])(
  "docs/privacy.md says of each field of the table that begins with %s who reads it and how long it lives",
  async (first) => {
    const rows = await rowsFrom(first);
    expect(rows.length).toBeGreaterThan(3);
    for (const [names = "", kind = "", ...rest] of rows) {
      expect(["id", "name", "contact", "profile", "consent", "secret", "place", "activity", "other"], names).toContain(
        kind,
      );
      // Readers, life, and what it is.
      expect(rest, names).toHaveLength(3);
      expect(rest, names).not.toContain("");
    }
  },
);

test("docs/privacy.md has fifteen duties of data protection, each with its articles, whose it is and what shows it: eleven are met by the service", async () => {
  const duties = (await rowsFrom("lawful basis")).map(
    ([name = "", articles = "", state = "", there = "", where = "", shownBy = ""]) => ({
      name,
      articles,
      state,
      there,
      where,
      shownBy,
    }),
  );
  expect(duties).toHaveLength(15);
  for (const duty of duties) {
    expect(["met", "yours"], duty.name).toContain(duty.state);
    expect(duty.articles, duty.name).toMatch(/^\d+/);
    expect(duty.there, duty.name).not.toBe("");
    expect(codeIn(duty.where), duty.name).toHaveLength(1);
    await expectFiles(duty);
  }
  expect(await expectTitles(duties)).toBeGreaterThan(8);
  expect(duties.filter(({ state }) => state === "met")).toHaveLength(11);
});
