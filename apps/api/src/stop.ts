import cluster from "node:cluster";
import { constants } from "node:os";
import type { Logger } from "pino";

/** Milliseconds after which the process ends whatever still hangs: before whoever told it to stop kills it. */
const stopTimeout = 9_700;

export interface Stop {
  /** Resolves when the process is told to stop. */
  readonly asked: Promise<void>;
  isAsked(): boolean;
}

/**
 * Listens for what tells a process to stop: signals, and the word of the process that leads it. A second Ctrl-C ends it at once. A
 * terminal that closes often says so twice, and means one stop.
 *
 * @param word the message by which the leading process says so
 */
export function listenForStop(log: Logger, word: string): Stop {
  const { promise, resolve } = Promise.withResolvers<void>();
  let isAsked = false;
  let isSignalled = false;
  const begin = (signal: NodeJS.Signals) => {
    if (isAsked) return;
    isAsked = true;
    log.info({ signal }, "shutting down");
    setTimeout(dieOf, stopTimeout, "SIGKILL").unref();
    resolve();
  };
  const stop = (signal: NodeJS.Signals) => {
    if (isSignalled && signal !== "SIGHUP") dieOf(signal);
    isSignalled = true;
    begin(signal);
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, stop);
  if (cluster.isWorker)
    process.on("message", (message) => {
      // A terminal's Ctrl-C comes as a signal too, before or after this: together they are one.
      if (message === word) begin("SIGTERM");
    });
  return { asked: promise, isAsked: () => isAsked };
}

/**
 * `process.exit()` waits for the password hashes that are being made, and a signal does not. But a container's first process cannot be
 * ended by a signal of its own.
 */
function dieOf(signal: NodeJS.Signals): void {
  if (process.pid === 1) process.exit(128 + constants.signals[signal]);
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}
