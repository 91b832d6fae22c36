import { readFileSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { performance } from "node:perf_hooks";
import { setTimeout as pause } from "node:timers/promises";
import { expect } from "vitest";
import type { Program } from "../processes/service-process.ts";

/** Milliseconds that passed, and those for which the threads of a process ran, and would have run if a core had been free. */
export interface ProcessorTime {
  readonly passed: number;
  readonly ran: number;
  readonly waited: number;
}

/** Milliseconds between two looks: what is counted is gone with the process. */
const interval = 50;

/** Resolves at the end of a process with the time that it had from now on; it neither ran nor waited where the system does not count it. */
export async function watchProcessorTime(program: Program): Promise<ProcessorTime> {
  const startedAt = performance.now();
  const before = await readProcessorTime(program.pid);
  let after = before;
  while (program.isRunning()) {
    const now = await readProcessorTime(program.pid);
    if (now.ran >= after.ran) after = now;
    await pause(interval);
  }
  const passed = performance.now() - startedAt;
  return { passed, ran: after.ran - before.ran, waited: after.waited - before.waited };
}

/**
 * A process that is late has an excuse where the machine was busy with something else: a thread of it was waiting for a core all the
 * time, and all of them ran for less than a quarter of the time for which they could. At rest that is two thirds, with three threads on
 * two cores. What hangs waits for no core, and has none.
 */
export function expectStarved({ passed, ran, waited }: ProcessorTime): void {
  expect(waited, `waited for a core, of ${passed} ms, and ran for ${ran} ms`).toBeGreaterThan(
    Math.max(passed, 3 * ran),
  );
}

/**
 * Begins to count milliseconds, without those for which the main thread of a process, or of this one, waited for a core: what a call takes
 * of a service on a machine that is busy with something else as well. Where the system does not count that, all that passed.
 */
export function startStopwatch(pid: number | undefined): () => number {
  const startedAt = performance.now();
  const before = [readWait(pid), readWait(process.pid)];
  return () => {
    const [ofProcess = 0, ofThis = 0] = [readWait(pid), readWait(process.pid)].map(
      (wait, at) => wait - (before[at] ?? 0),
    );
    return performance.now() - startedAt - Math.max(ofProcess, ofThis, 0);
  };
}

/** Milliseconds for which the main thread of a process has waited for a core since it began. */
function readWait(pid: number | undefined): number {
  if (pid === undefined) return 0;
  try {
    return Number(readFileSync(`/proc/${pid}/schedstat`, "utf8").split(" ")[1]) / 1e6;
  } catch {
    return 0;
  }
}

async function readProcessorTime(pid: number): Promise<Omit<ProcessorTime, "passed">> {
  const tasks = await readdir(`/proc/${pid}/task`).catch(() => []);
  const lines = await Promise.all(
    tasks.map((task) => readFile(`/proc/${pid}/task/${task}/schedstat`, "utf8").catch(() => "0 0")),
  );
  const counts = lines.map((line) => line.split(" ").map((nanoseconds) => Number(nanoseconds) / 1e6));
  const sum = (column: number) => counts.reduce((total, numbers) => total + (numbers[column] ?? 0), 0);
  return { ran: sum(0), waited: sum(1) };
}
