import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { OldRow, Source } from "../old-row.ts";
import { openCsv, openJson } from "./files.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "latchkey-files-"));
});
afterAll(() => rm(folder, { recursive: true }));

let number = 0;
async function write(content: string | Buffer): Promise<string> {
  number += 1;
  const path = join(folder, `users-${number}`);
  await writeFile(path, content);
  return path;
}

async function readAll(source: Source): Promise<OldRow[]> {
  try {
    const rows: OldRow[] = [];
    for await (const batch of source.read()) rows.push(...batch);
    return rows;
  } finally {
    await source.close();
  }
}

const csv = async (content: string | Buffer, options = {}) => readAll(await openCsv(await write(content), options));
const json = async (content: string) => readAll(await openJson(await write(content)));
const ada = expect.objectContaining({ oldId: "1", values: { username: "ada", email: null } });

describe("a CSV file is read", () => {
  test.each([
    ["with commas", "id,username,email\n1,ada,\n"],
    ["with semicolons and a BOM, as spreadsheets write it", "\ufeffid;username;email\r\n1;ada;\r\n"],
    ["with tabs and no end of line at its end", "id\tusername\temail\n1\tada\t"],
    ["with quotes", 'id,username,email\n"1","ada",""\n'],
    ["with empty lines", "id,username,email\n\n1,ada,\n\n"],
    ["with rows of nothing behind the last, as spreadsheets leave them", "id;username;email\r\n1;ada;\r\n;;\r\n;;\r\n"],
    ["with a line that says what separates columns", "\ufeffsep=;\r\nid;username;email\r\n1;ada;\r\n"],
    ["with what PostgreSQL's copy writes for null", "id\tusername\temail\n1\tada\t\\N\n"],
    ["with the line ends of an old Mac", "id,username,email\r1,ada,\r"],
  ])("%s", async (_what, content) => {
    expect(await csv(content)).toEqual([ada]);
  });

  test("with commas, quotes and line ends inside of a cell", async () => {
    const [row] = await csv('id,username,city\n1,ada,"a ""b"",\nc"\n');
    expect(row?.values.city).toBe('a "b",\nc');
  });

  test("with names of columns that hold what separates others", async () => {
    const [row] = await csv('"city, or town, or both";id\nRome;7\n');
    expect(row).toMatchObject({ oldId: "7", values: { "city, or town, or both": "Rome" } });
  });

  test("with the id in a column of another name", async () => {
    expect(await csv("number,username\n1,ada\n", { idColumn: "number" })).toMatchObject([{ oldId: "1" }]);
  });

  test("with columns without a name, each by its place", async () => {
    const [row] = await csv(",id,username,\n0,1,ada,x\n");
    expect(row).toMatchObject({ oldId: "1", values: { "column 1": "0", "column 4": "x" } });
  });

  test("cut anywhere, without a single split letter", async () => {
    const rows = Array.from({ length: 20_000 }, (_, id) => `${id},ğüşiöç${id}`);
    const read = await csv(`id,username\n${rows.join("\n")}\n`);
    expect(read.map(({ oldId, values }) => `${oldId},${values.username}`)).toEqual(rows);
  });
});

test("a large file is read without a warning at the terminal", async () => {
  const warnings: Error[] = [];
  const note = (warning: Error) => warnings.push(warning);
  process.on("warning", note);
  await csv(`id,bio\n${Array.from({ length: 1_000 }, (_, id) => `${id},${"x".repeat(1_000)}\n`).join("")}`);
  process.off("warning", note);
  expect(warnings).toEqual([]);
});

describe("a file is refused in one line", () => {
  test.each([
    ["cut off in a row", "id,username,email\n1,ada,x@y.org\n2,bo", /is no whole CSV file/],
    ["cut off in a quoted cell", 'id,username\n1,"ad', /is no whole CSV file/],
    ["without a column of ids", "name,mail\nada,x@y.org\n", /has no column of ids.*--map COLUMN=id/],
    ["with another delimiter", "id~username\n1~ada\n", /--delimiter/],
    ["that is empty", "", /has no column of ids/],
    ["with a person without an id", "id,username\n,ada\n", /a person without an id/],
    ["with two columns of one name, as a join makes them", "id,username,id\n1,ada,9\n", /two columns called id/],
    [
      "with two columns that could be the id",
      "id,user_id,city\n9,1,Rome\n",
      /could be the id: id, user_id.*--map id=id/,
    ],
    ["that is not UTF-8", Buffer.from("id,username\n1,\xe7i\xe7ek\n", "latin1"), /is not in UTF-8/],
  ])("%s", async (_what, content, told) => {
    await expect(csv(content)).rejects.toThrow(told);
  });

  test.each([
    ["JSON that breaks off", '[{"id": 1}, {"id": 2', /breaks off/],
    ["a list that is not closed", '[{"id": 1}', /breaks off/],
    ["no JSON at all", "id,username\n1,ada\n", /is no list of JSON objects/],
    ["JSON with a fault", '[{"id": 1, "username": }]', /is no JSON/],
    ["people with two members that could be the id", '[{"id": 9, "userId": 1}]', /could be the id: id, userId/],
  ])("%s", async (_what, content, told) => {
    await expect(json(content)).rejects.toThrow(told);
  });

  test("that is not there", async () => {
    await expect(openCsv(join(folder, "none.csv"))).rejects.toMatchObject({ name: "SourceError", exitCode: 3 });
  });
});

describe("a JSON file is read", () => {
  test.each([
    ["as a list", '[{"id": 1, "username": "ada", "email": null}]'],
    ["as lines", '{"id": 1, "username": "ada", "email": ""}\n'],
    ["with a BOM and white space", '\ufeff [\n  {"id": "1",\n "username": "ada", "email": null}\n ]\n'],
  ])("%s", async (_what, content) => {
    expect(await json(content)).toEqual([ada]);
  });

  test("with every digit of numbers that are longer than JavaScript keeps", async () => {
    const ids = ["9007199254740992", "9007199254740993", "1750000000000000001", "-9007199254740993", "17"];
    const rows = await json(`[${ids.map((id) => `{"id": ${id}, "city": "1234567890123456 1.5"}`).join()}]`);
    expect(rows.map(({ oldId }) => oldId)).toEqual(ids);
    expect(rows[0]?.values.city).toBe("1234567890123456 1.5");
  });

  test("whose people have different members, each with their own id", async () => {
    const rows = await json('[{"id": 1, "city": "x"}, {"pk": 2}, {"city": "y", "id": 3}, {"city": "z", "id": 4}]');
    expect(rows.map(({ oldId }) => oldId)).toEqual(["1", "2", "3", "4"]);
  });

  test("with brackets, quotes and escapes inside of a text, in pieces", async () => {
    const people = Array.from({ length: 5_000 }, (_, id) => ({ id, username: `}{]["\\${"x".repeat(50)}` }));
    const rows = await json(JSON.stringify(people));
    expect(rows.map(({ values }) => values.username)).toEqual(people.map(({ username }) => username));
  });
});

test("people with very long texts are held a few at a time", async () => {
  const lines = Array.from({ length: 20 }, (_, id) => `${JSON.stringify({ id, photo: "x".repeat(900_000) })}\n`);
  const source = await openJson(await write(lines.join("")));
  const sizes: number[] = [];
  for await (const rows of source.read()) sizes.push(rows.length);
  await source.close();
  expect(sizes).toEqual([9, 9, 2]);
});
