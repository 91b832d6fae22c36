import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Erasure, StartError } from "@latchkey/auth";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readErasures, writeErasuresFile } from "./erasures-file.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "latchkey-erasures-"));
});
afterAll(() => rm(folder, { recursive: true }));

const erasures: Erasure[] = ["a", "b", "c"].map((letter) => ({
  digest: letter.repeat(64),
  erasedAt: new Date("2026-11-01T00:00:00.000Z"),
}));

async function* list(some = erasures): AsyncGenerator<Erasure> {
  yield* some;
}

async function collect(source: AsyncIterable<Erasure>): Promise<Erasure[]> {
  const read: Erasure[] = [];
  for await (const erasure of source) read.push(erasure);
  return read;
}

test("a list comes back as it was written, and only its owner may read it", async () => {
  const path = join(folder, "whole.erasures");
  for (const some of [[], erasures]) {
    await writeErasuresFile(path, list(some));
    expect(await collect(readErasures(path))).toEqual(some);
  }
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

test("the list before stays where a new one fails in its midst", async () => {
  const path = join(folder, "kept.erasures");
  await writeErasuresFile(path, list());
  async function* failing() {
    yield* erasures.slice(0, 1);
    throw new StartError("The database is away");
  }
  await expect(writeErasuresFile(path, failing())).rejects.toThrow("The database is away");
  expect(await collect(readErasures(path))).toEqual(erasures);
  expect((await readdir(folder)).filter((name) => name.startsWith("kept"))).toEqual(["kept.erasures"]);
  await expect(writeErasuresFile(join(folder, "none", "x"), list())).rejects.toThrow("cannot be written (ENOENT)");
});

const firstLines = (text: string, count: number) => `${text.split("\n").slice(0, count).join("\n")}\n`;
test.each<[string, (text: string) => string, string]>([
  ["is empty", () => "", "was not written by export-erasures"],
  ["is something else", () => "hello\n", "was not written by export-erasures"],
  ["has its first line alone", (text) => firstLines(text, 1), "was cut off"],
  ["was cut off at the end of a line", (text) => firstLines(text, 3), "was cut off"],
  ["was cut off within a line", (text) => text.slice(0, 60), "is no erasure"],
  ["lacks a line", (text) => text.replace(/^b.*\n/m, ""), "was changed"],
  ["has another person", (text) => text.replace("bbb", "bbc"), "was changed"],
  ["goes on behind its end", (text) => `${text}${"d".repeat(64)} 2026-11-01T00:00:00.000Z\n`, "goes on behind its end"],
])("a list that %s is refused in one line", async (_what, damage, told) => {
  const path = join(folder, "damaged.erasures");
  await writeErasuresFile(path, list());
  await writeFile(path, damage(await readFile(path, "utf8")));
  const refused = collect(readErasures(path));
  await expect(refused).rejects.toThrow(told);
  await expect(refused).rejects.toBeInstanceOf(StartError);
});

test("a list that is not there is refused in one line", async () => {
  await expect(collect(readErasures(join(folder, "absent")))).rejects.toThrow("absent cannot be read (ENOENT)");
});
