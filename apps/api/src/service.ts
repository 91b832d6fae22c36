import { setTimeout as sleep } from "node:timers/promises";
import type { Auth } from "@latchkey/auth";
import { startMaintenance } from "@latchkey/server";
import type { Logger } from "pino";
import { isDevelopment, readEnvironment } from "./environment.ts";
import { letHashesGiveWay } from "./hash-threads.ts";
import { createLog } from "./log.ts";
import { openAuth } from "./open-auth.ts";
import { parsePublicUrl } from "./public-url.ts";
import type { ServedRouter } from "./router.ts";
import { startServer } from "./server.ts";

/** Milliseconds that calls in flight have to finish once the process is told to stop. */
const drainTimeout = 7_500;

/** Milliseconds after that for the answers to those that are refused then. */
const refusalTimeout = 1_000;

/** Milliseconds after which the process ends whatever still hangs: before whoever told it to stop kills it. */
const stopTimeout = 9_700;

/**
 * Runs the service until the process is told to stop: settings, database, core, server, signals.
 *
 * @param options.router the procedures; the service's own by default
 */
export async function runService(options: { readonly router?: ServedRouter } = {}): Promise<void> {
  const settings = readEnvironment();
  const log = createLog(settings.LOG_LEVEL);
  // Before anything is opened, so that a stop while it starts leaves nothing behind either.
  const stop = listenForStop(log);
  await letHashesGiveWay();
  const { auth, place, close } = await openAuth(settings, { onNotice: (line) => log.warn(line) });
  const server = await startServer({
    auth,
    log,
    host: settings.HOST,
    port: settings.PORT,
    corsOrigins: settings.CORS_ORIGINS,
    allowsLoopbackOrigins: isDevelopment(settings),
    publicUrl: (settings.PUBLIC_URL && parsePublicUrl(settings.PUBLIC_URL)) || undefined,
    trustedProxies: settings.TRUSTED_PROXIES,
    forwardedSecrets: settings.FORWARDED_SECRET,
    ...options,
  }).catch(async (error) => {
    await close();
    throw error;
  });
  log.info({ url: server.url, database: place }, "listening");
  if (!settings.isProduction && !stop.isAsked())
    process.stderr.write(greeting(settings.PUBLIC_URL ?? server.url, place));
  const stopMaintenance = stop.isAsked()
    ? () => {}
    : startMaintenance(auth, {
        onPurged: (purged) => log.info(purged, "purged"),
        onError: (error) => log.warn({ err: error }, "housekeeping failed; trying again in an hour"),
      });
  await stop.asked;
  stopMaintenance();
  await drain(server.close(), auth, log);
  await close();
  log.info("stopped");
}

/** Waits for the calls in flight. Whoever then still waits for a password to be checked is told to try again rather than cut off. */
async function drain(drained: Promise<void>, auth: Pick<Auth, "refuseWaiting">, log: Logger): Promise<void> {
  const isDrained = (milliseconds: number) =>
    Promise.race([drained.then(() => true), sleep(milliseconds, false, { ref: false })]);
  if (await isDrained(drainTimeout)) return;
  log.warn("refusing the calls that still wait");
  auth.refuseWaiting();
  if (!(await isDrained(refusalTimeout))) log.warn("stopping with calls unanswered");
}

interface Stop {
  readonly asked: Promise<void>;
  isAsked(): boolean;
}

/** A second Ctrl-C ends the process at once. A terminal that closes often says so twice, and means one stop. */
function listenForStop(log: Logger): Stop {
  const { promise, resolve } = Promise.withResolvers<void>();
  let isAsked = false;
  const stop = (signal: NodeJS.Signals) => {
    if (isAsked && signal !== "SIGHUP") dieOf(signal);
    if (isAsked) return;
    isAsked = true;
    log.info({ signal }, "shutting down");
    setTimeout(dieOf, stopTimeout, "SIGKILL").unref();
    resolve();
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, stop);
  return { asked: promise, isAsked: () => isAsked };
}

/** `process.exit()` waits for the password hashes that are being made. */
function dieOf(signal: NodeJS.Signals): void {
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}

function greeting(url: string, place: string): string {
  return `
Latchkey listens on ${url}
Its data is in ${place}

Create the first user (in another terminal, with the same settings; it asks for the password):
  npx -y pnpm@12 latchkey create-user --username alice

Sign in:
  curl ${url}/trpc/token.obtain -H 'content-type: application/json' \\
    -d '{"username":"alice","password":"the password"}'

Stop with Ctrl-C.

`;
}
