import { createHash } from "node:crypto";
import { mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BackupHeader } from "@latchkey/auth";
import { afterAll, beforeEach, expect, test, vi } from "vitest";
import { createLog } from "../log.ts";
import { scheduleBackups } from "./scheduled-backups.ts";

const folders: string[] = [];
let folder: string;
let lines: string[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "latchkey-schedule-"));
  folders.push(folder);
  lines = [];
});
afterAll(() => Promise.all(folders.map((path) => rm(path, { recursive: true }))));

const header: BackupHeader = {
  ...{ format: "latchkey-backup", version: 1, createdAt: "2026-11-24T00:00:00Z", postgres: "18", secret: "" },
  ...{ migrations: {}, tables: [], sequences: [] },
};

/** The smallest backup that is whole. */
async function* read(): AsyncGenerator<Buffer> {
  const first = `${JSON.stringify(header)}\n`;
  yield Buffer.from(first);
  yield Buffer.from(`${JSON.stringify({ rows: [], digest: createHash("sha256").update(first).digest("hex") })}\n`);
}

const schedule = (source: () => AsyncIterable<Buffer>, keep = 7) =>
  scheduleBackups(
    source,
    { folder, every: 3_600, keep },
    createLog("info", { write: (line) => void lines.push(line) }),
  );

const touch = (name: string) => writeFile(join(folder, name), "");
const patient = { timeout: 20_000 };
const wrote = () => vi.waitUntil(() => lines.some((line) => line.includes('"backed up"')), patient);
const backups = async () => (await readdir(folder)).sort();

test("a stop in the midst of a backup leaves nothing of it, and nothing is logged as a failure", async () => {
  const begun = Promise.withResolvers<void>();
  async function* endless() {
    for (;;) {
      yield Buffer.from(`${JSON.stringify(header)}\n`);
      begun.resolve();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  const stop = schedule(endless);
  await begun.promise;
  await vi.waitUntil(async () => (await backups()).length === 1, patient);
  await stop();
  expect([await backups(), lines]).toEqual([[], []]);
});

test("what processes that were killed have left is taken away, and what another one writes is not", async () => {
  const name = "latchkey-2020-01-01T00-00-00Z.backup";
  const old = `latchkey-2020-01-02T00-00-00Z.backup.${process.ppid}.partial`;
  const kept = [`${name}.${process.ppid}.partial`, `mine.backup.${process.pid}.partial`];
  for (const left of [`${name}.${process.pid}.partial`, `${name}.4194305.partial`, old, ...kept]) await touch(left);
  const dayBefore = new Date(Date.now() - 86_401_000);
  await utimes(join(folder, old), dayBefore, dayBefore);
  const stop = schedule(read);
  await wrote();
  await stop();
  expect((await backups()).filter((left) => left.endsWith(".partial"))).toEqual(kept.sort());
});

test("a backup that a clock ahead has named keeps none from being made, and none from being kept", async () => {
  const ahead = `latchkey-${new Date().getFullYear() + 1}-01-01T12-00-00Z.backup`;
  const old = "latchkey-2020-01-01T00-00-00Z.backup";
  for (const name of [ahead, old]) await touch(name);
  const stop = schedule(read, 1);
  await wrote();
  await vi.waitUntil(async () => !(await backups()).includes(old), patient);
  await stop();
  expect(await backups()).toEqual([expect.not.stringContaining(ahead), ahead]);
  expect(lines.filter((line) => line.includes("look at the clock"))).toHaveLength(1);
});
