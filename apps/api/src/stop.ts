import cluster from "node:cluster";
import { constants } from "node:os";
import type { Logger } from "pino";

/** Milliseconds, beside the delay, after which the process ends whatever still hangs: before it is killed from outside. */
const stopTimeout = 9_700;

/** By the word of the process that leads it, or by a signal of its own. */
const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export type StopSignal = (typeof signals)[number];

export interface StopOptions {
  /** Milliseconds for which the process goes on after a SIGTERM. */
  readonly delay: number;
  /** What the leading process sends, and the signal that it got itself. */
  readonly toMessage: (signal: StopSignal) => string;
}

export interface Stop {
  /** Resolves when the process is told to stop. */
  readonly asked: Promise<StopSignal>;
  isAsked(): boolean;
}

/**
 * Listens for what tells a process to stop: signals, and the word of the process that leads it. A second Ctrl-C ends it at once. A
 * terminal that closes often says so twice, and means one stop.
 */
export function listenForStop(log: Logger, { delay, toMessage }: StopOptions): Stop {
  const { promise, resolve } = Promise.withResolvers<StopSignal>();
  let isAsked = false;
  let isSignalled = false;
  const begin = (signal: StopSignal) => {
    if (isAsked) return;
    isAsked = true;
    log.info({ signal }, "shutting down");
    setTimeout(dieOf, stopTimeout + delay, "SIGKILL").unref();
    resolve(signal);
  };
  const stop = (signal: StopSignal) => {
    if (isSignalled && signal !== "SIGHUP") dieOf(signal);
    isSignalled = true;
    begin(signal);
  };
  for (const signal of signals) process.on(signal, stop);
  if (cluster.isWorker)
    process.on("message", (message) => {
      // A terminal's Ctrl-C comes as a signal too, before or after this: together they are one.
      const signal = signals.find((signal) => toMessage(signal) === message);
      if (signal) begin(signal);
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
