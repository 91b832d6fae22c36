import cluster, { type Worker } from "node:cluster";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import { exitCodes } from "./exit-codes.ts";
import type { Stop, StopSignal } from "./stop.ts";

/** What the first process tells its workers; they have the terminal's signals as well. */
export const toStopMessage = (signal: StopSignal): string => `stop ${signal}`;

/** The word of the command line of the worker that also does what is to be done once an installation. */
const maintenanceFlag = "--runs-maintenance";

/** Whether this process clears away by the hour: every one but those that share their port with one that does. */
export const runsMaintenance = (): boolean => cluster.isPrimary || process.argv.includes(maintenanceFlag);

/** The number of this process among those that share its port; undefined when it is alone, or leads them. */
export const findWorkerNumber = (): number | undefined => cluster.worker?.id;

/** Milliseconds before a worker that ended is replaced: doubled each time in a row, up to the longest. */
const backoff = { first: 1_000, longest: 30_000 };

/** Milliseconds for which a worker has to live for the next wait to be the first again. */
const healthy = 60_000;

/**
 * Leads `count` processes that answer on one port, until it is told to stop. The first one makes the database ready before the others
 * begin. One that ends is replaced; but when the first does not even come up, its reason is this process's. They end with it, even when
 * it is killed.
 *
 * @returns the exit code
 */
export async function leadWorkers(count: number, { stop, log }: { stop: Stop; log: Logger }): Promise<number> {
  const workers = new Set<Worker>();
  stop.asked.then((signal) => {
    for (const worker of workers) tellToStop(worker, signal);
  });

  function fork(doesMaintenance: boolean): Worker {
    cluster.setupPrimary({ args: doesMaintenance ? [maintenanceFlag] : [] });
    const worker = cluster.fork();
    workers.add(worker);
    worker.once("exit", () => workers.delete(worker));
    return worker;
  }

  /** Keeps one of the places filled. */
  async function keepFilled(doesMaintenance: boolean, first: Worker): Promise<void> {
    let worker = first;
    let wait = backoff.first;
    while (true) {
      const begun = performance.now();
      const [code, signal] = await ended(worker);
      if (stop.isAsked()) return;
      if (performance.now() - begun >= healthy) wait = backoff.first;
      log.error(
        { worker: worker.id, code, signal, milliseconds: wait },
        "a worker ended; another begins after this time",
      );
      await Promise.race([sleep(wait, undefined, { ref: false }), stop.asked]);
      wait = Math.min(wait * 2, backoff.longest);
      if (stop.isAsked()) return;
      worker = fork(doesMaintenance);
    }
  }

  const first = fork(true);
  const failure = await Promise.race([once(first, "listening").then(() => null), ended(first)]);
  if (failure) return failure[0] ?? exitCodes.failed;
  const others = stop.isAsked() ? [] : Array.from({ length: count - 1 }, () => fork(false));
  await Promise.all([keepFilled(true, first), ...others.map((worker) => keepFilled(false, worker))]);
  log.info("stopped");
  return 0;
}

async function ended(worker: Worker): Promise<[code: number | null, signal: NodeJS.Signals | null]> {
  if (worker.isDead()) return [worker.process.exitCode, worker.process.signalCode];
  const [code, signal] = await once(worker, "exit");
  return [code, signal];
}

function tellToStop(worker: Worker, signal: StopSignal): void {
  // One that has gone by now needs no telling.
  if (worker.isConnected()) worker.send(toStopMessage(signal), () => {});
}
