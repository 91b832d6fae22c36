import { appendFile, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Measurement } from "../measurement.ts";
import type { Machine, Versions } from "./machine.ts";

const file = fileURLToPath(new URL("../../history.jsonl", import.meta.url));

/** A line of the history: what one whole run measured. */
export interface HistoryLine {
  readonly day: string;
  readonly machine: Machine;
  readonly versions: Versions;
  /** The median ratio of each line of the table. */
  readonly ratios: Readonly<Record<string, number>>;
}

/** Adds a run to `apps/bench/history.jsonl`, which is committed along with what changed the figures. */
export async function keep(machine: Machine, versions: Versions, measurements: readonly Measurement[]): Promise<void> {
  const ratios = Object.fromEntries(measurements.map(({ what, ratio }) => [what, Number(ratio.median.toPrecision(3))]));
  const line: HistoryLine = { day: new Date().toISOString().slice(0, 10), machine, versions, ratios };
  await appendFile(file, `${JSON.stringify(line)}\n`);
}

/** The median ratios that a line of the table had in earlier runs, oldest first. */
export async function readHistory(what: string): Promise<number[]> {
  const text = await readFile(file, "utf8").catch(() => "");
  const lines = text.split("\n").filter((line) => line !== "");
  return lines.flatMap((line) => (JSON.parse(line) as HistoryLine).ratios[what] ?? []);
}
