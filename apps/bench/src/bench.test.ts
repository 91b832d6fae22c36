import { execFile, spawn } from "node:child_process";
import { readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const main = fileURLToPath(new URL("main.ts", import.meta.url));
const compileCache = fileURLToPath(new URL("../node_modules/.cache/compiled", import.meta.url));
/** In the ordinary run a row that has all kinds of process; in the long run every one, which loads all that is measured. */
const tried = process.env.LATCHKEY_LONG === "1" ? await listRows() : ["calls"];
const env = { ...process.env, NODE_COMPILE_CACHE: compileCache };

async function listRows(): Promise<string[]> {
  const { rows } = await import("./rows/index.ts");
  return rows.map(({ name }) => name);
}

test(`rows are measured from end to end, on real processes and a real PostgreSQL: ${tried.join(", ")}`, {
  tags: ["long"],
}, async () => {
  const words = [main, "--quick", "--json", ...tried.flatMap((name) => ["--only", name])];
  const { stdout } = await promisify(execFile)(process.execPath, words, { env });
  const report = JSON.parse(stdout);

  expect(report.machine).toMatchObject({ cores: expect.any(Number), processor: expect.any(String) });
  expect(report.versions).toMatchObject({ node: process.versions.node, postgres: expect.stringMatching(/^18/) });
  const measured = new Set(report.measurements.map(({ row }: { row: string }) => row));
  // Without two cores there is nothing to measure on two cores.
  expect(tried.filter((name) => !measured.has(name) && name !== "two-processes")).toEqual([]);
  for (const { what, measured, reference, ratio, repetitions } of report.measurements) {
    for (const { lowest, median, highest } of [measured, reference, ratio]) {
      expect(lowest, what).toBeGreaterThan(0);
      expect(median, what).toBeGreaterThanOrEqual(lowest);
      expect(highest, what).toBeGreaterThanOrEqual(median);
    }
    expect(repetitions, what).toBeGreaterThan(0);
  }
});

test("Ctrl-C leaves no folder behind", { tags: ["long"] }, async () => {
  const folders = async () => (await readdir(tmpdir())).filter((name) => name.startsWith("latchkey-bench-"));
  const before = await folders();
  const child = spawn(process.execPath, [main, "--quick"], { env, stdio: ["ignore", "ignore", "pipe"] });
  const ended = new Promise((resolve) => child.once("close", (_code, signal) => resolve(signal)));
  child.stderr.once("data", () => child.kill("SIGINT"));

  expect(await ended).toBe("SIGINT");
  expect((await folders()).filter((name) => !before.includes(name))).toEqual([]);
});

test("what is no row is refused", { tags: ["long"] }, async () => {
  const run = promisify(execFile)(process.execPath, [main, "--only", "nothing"], { env });
  await expect(run).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining("--only") });
});
