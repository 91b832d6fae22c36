import type { Logger } from "pino";
import { createCounter, type Metric } from "./metrics/exposition.ts";

/** What nobody caught, as it is counted. */
export interface LastResort {
  readonly metrics: () => readonly Metric[];
  /** Whether the process ends because of it. */
  readonly isFatal: () => boolean;
}

/**
 * Writes one line about what nobody caught. A promise that is rejected and that nobody waits for, such as one of a hook's, ends nothing. An
 * exception may have left anything half done: the process answers what is in flight, ends with 1, and whoever looks after it starts another.
 */
export function listenForTheUncaught(log: Logger): LastResort {
  const uncaught = createCounter();
  // Told from the start, so that the first one is an increase.
  for (const kind of ["rejection", "exception"]) uncaught.add({ kind }, 0);
  let isFatal = false;
  process.on("unhandledRejection", (reason) => {
    uncaught.add({ kind: "rejection" });
    log.error({ err: toError(reason) }, "a promise was rejected, and nobody waited for it");
  });
  process.on("uncaughtException", (error) => {
    uncaught.add({ kind: "exception" });
    log.fatal({ err: toError(error) }, "an exception was caught by nobody; the process ends");
    if (isFatal) return;
    isFatal = true;
    process.kill(process.pid, "SIGTERM");
  });
  return {
    isFatal: () => isFatal,
    metrics: () => [
      {
        name: "latchkey_uncaught_total",
        help: "Rejections and exceptions that nobody caught.",
        type: "counter",
        samples: uncaught.samples(),
      },
    ],
  };
}

const toError = (reason: unknown): Error =>
  reason instanceof Error ? reason : new Error(`no error: ${typeof reason}`);
