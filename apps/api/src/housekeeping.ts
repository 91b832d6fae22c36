import type { Auth } from "@latchkey/auth";
import type { Logger } from "pino";

const hour = 3_600_000;

/** Clears away what nobody can use any more, once an hour, until it is stopped. Several processes may do it at once. */
export function startHousekeeping(auth: Auth, log: Logger): () => void {
  const timer = setInterval(async () => {
    try {
      const purged = await auth.purge();
      if (Object.values(purged).some((count) => count > 0)) log.info(purged, "purged");
    } catch (error) {
      log.warn({ err: error }, "purge failed; trying again in an hour");
    }
  }, hour);
  timer.unref();
  return () => clearInterval(timer);
}
