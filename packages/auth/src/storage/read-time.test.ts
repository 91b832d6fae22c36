import pg from "pg";
import { expect, test } from "vitest";
import { createTestDatabase } from "../testing/index.ts";
import { readTime } from "./read-time.ts";

const readAnyTime = pg.types.getTypeParser(pg.types.builtins.TIMESTAMPTZ, "text");

const fractions = Array.from({ length: 2_000 }, (_, index) => String(index * 499 + 1).padStart(6, "0"));
const spellings = [
  ...fractions.map((fraction) => `2026-11-25 21:28:31.${fraction}+00`),
  ...["", ".1", ".12", ".123", ".1234", ".12345", ".0", ".999999"].map((end) => `2024-02-29 23:59:59${end}+00`),
  ...["0001-01-01 00:00:00+00", "0099-12-31 23:59:59.5+00", "0100-01-01 00:00:00+00", "9999-12-31 23:59:59.999+00"],
  ...["1969-12-31 23:59:59.999+00", "0044-03-15 12:00:00+00 BC", "12026-11-25 21:28:31+00", "infinity", "-infinity"],
  ...["2026-11-25 21:28:31+02", "2026-11-25 21:28:31.5-03:30", "2026-11-25 21:28:31.123456+05:45"],
];

test("a time is what pg reads it as, in every spelling that PostgreSQL has for one", () => {
  const read = (reader: (text: string) => unknown) => spellings.map((text) => [text, Number(reader(text))]);
  expect(read(readTime)).toEqual(read(readAnyTime));
});

test("a time in JSON is the same", async () => {
  await using database = await createTestDatabase();
  const times = await database.query(
    "select time::text as plain, (json_build_array(time) ->> 0) as json from unnest($1::timestamptz[]) time",
    [spellings],
  );
  expect(times.length).toBe(spellings.length);
  for (const { plain, json } of times)
    expect([json, Number(readTime(String(json)))]).toEqual([json, Number(readAnyTime(String(plain)))]);
});
