import type { BackupHeader } from "@latchkey/auth";
import { expect, test } from "vitest";
import { type Progress, showProgress } from "./progress.ts";

const table = { schema: "latchkey", name: "users", columns: ["id"] };

function headerOf(estimate: number): BackupHeader {
  const tables = [{ ...table, estimate }];
  const rest = { createdAt: "2026-11-24T00:00:00Z", postgres: "18.4", secret: "", migrations: {}, sequences: [] };
  return { format: "latchkey-backup", version: 1, tables, ...rest };
}

/** What is told of a backup of two rows. */
async function watch(estimate: number, progress: Progress) {
  const pieces = [`${JSON.stringify(headerOf(estimate))}\n`, "{}\n", "1\n2\n", "\\.\n", "{}\n"];
  const told: (number | string | null)[][] = [];
  const rate = {
    show: (...line: [string, number, number | null]) => void told.push(line),
    end: () => void told.push(["end"]),
  };
  async function* read() {
    for (const piece of pieces) yield Buffer.from(piece);
  }
  const passed: string[] = [];
  for await (const bytes of showProgress(read(), progress, rate)) passed.push(String(bytes));
  expect(passed).toEqual(pieces);
  return told;
}

test("of a backup about so many lines are told as PostgreSQL thinks there are, and no end that was passed", async () => {
  const making = { what: "backup", lines: null } as const;
  const done = [1, 2, 4, 5, 6];
  expect(await watch(2, making)).toEqual([...done.map((lines) => ["backup", lines, 6]), ["end"]]);
  expect(await watch(1, making)).toEqual([...done.map((lines) => ["backup", lines, lines > 5 ? null : 5]), ["end"]]);
  expect(await watch(0, making)).toEqual([...done.map((lines) => ["backup", lines, null]), ["end"]]);
});

test("of a restore so many lines are told as the file was seen to have", async () => {
  const told = await watch(0, { what: "restore", lines: 6 });
  expect(told.at(-2)).toEqual(["restore", 6, 6]);
});
