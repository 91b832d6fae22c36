import type { Auth } from "@latchkey/auth";
import type { Logger } from "pino";

const hour = 3_600_000;

/**
 * What is done now and once an hour, until it is stopped: looks over the stored hashes, and clears away what nobody can use any more.
 * Several processes may do it at once.
 */
export function startHousekeeping(auth: Auth, log: Logger): () => void {
  let isStopped = false;
  const run = async () => {
    try {
      await auth.learnHashCosts();
      const purged = await auth.purge();
      if (Object.values(purged).some((count) => count > 0)) log.info(purged, "purged");
    } catch (error) {
      // What is cut short by the stop is done at the next start.
      if (!isStopped) log.warn({ err: error }, "housekeeping failed; trying again in an hour");
    }
  };
  void run();
  const timer = setInterval(run, hour);
  timer.unref();
  return () => {
    isStopped = true;
    clearInterval(timer);
  };
}
