import type { Auth, Config, Purged } from "@latchkey/auth";

const hour = 3_600_000;

/** Looking over the hashes, a key after one that is old, changes that have waited long enough, and clearing away. */
export type MaintenanceTask = "hashes" | "keys" | "changes" | "purge";

/** What of the maintenance a process does, and who is told of it. */
export interface MaintenanceOptions {
  /** False for processes beside one that does; true by default. Every process looks over the hashes, for its own memory. */
  readonly clearsAway?: boolean;
  /** Told what was done without a failure. */
  readonly onDone?: (task: MaintenanceTask) => void;
  /** Told what was cleared away, when anything was. */
  readonly onPurged?: (purged: Purged) => void;
  /** Told what failed; it is tried again in an hour. */
  readonly onError: (error: unknown) => void;
}

/**
 * What is done now and once an hour, until it is stopped: looks over the stored hashes, follows a signing key that is old by another, does what
 * people's changes have waited for, and clears away what nobody can use any more. What fails keeps nothing else from being done. Several
 * processes may do it at once.
 */
export function startMaintenance<C extends Config>(
  auth: Auth<C>,
  { clearsAway = true, onDone = () => {}, onPurged = () => {}, onError }: MaintenanceOptions,
): () => void {
  let isStopped = false;
  let isUnderWay = false;
  const attempt = async (task: MaintenanceTask, step: () => Promise<unknown>) => {
    if (isStopped) return;
    try {
      await step();
      onDone(task);
    } catch (error) {
      // What is cut short by the stop is done at the next start.
      if (!isStopped) onError(error);
    }
  };
  const run = async () => {
    await attempt("hashes", () => auth.measureHashCosts());
    if (!clearsAway) return;
    await attempt("keys", () => auth.rotateDueKeys());
    await attempt("changes", () => auth.applyDueChanges());
    await attempt("purge", async () => {
      const purged = await auth.purge();
      if (Object.values(purged).some((count) => count > 0)) onPurged(purged);
    });
  };
  /** What hangs behind a lock is not joined by another each hour. */
  const runUnlessUnderWay = async () => {
    if (isUnderWay) return;
    isUnderWay = true;
    await run();
    isUnderWay = false;
  };
  void runUnlessUnderWay();
  const timer = setInterval(runUnlessUnderWay, hour);
  timer.unref();
  return () => {
    isStopped = true;
    clearInterval(timer);
  };
}
