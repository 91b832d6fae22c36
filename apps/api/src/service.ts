import { setTimeout as sleep } from "node:timers/promises";
import { readEnvironment, type Settings } from "./environment.ts";
import { createLog } from "./log.ts";
import { openAuth } from "./open-auth.ts";
import { startServer } from "./server.ts";

/** Milliseconds that calls in flight have to finish once the process is told to stop. */
const drainTimeout = 9_000;

/** Runs the service until the process is told to stop: settings, database, core, server, signals. */
export async function runService(): Promise<void> {
  const settings = readEnvironment();
  const log = createLog(settings.LOG_LEVEL);
  const { auth, place, close } = await openAuth(settings, (line) => log.warn(line));
  const server = await startServer({ auth, log, host: settings.HOST, port: settings.PORT }).catch(async (error) => {
    await close();
    throw error;
  });
  log.info({ url: server.url, database: place }, "listening");
  process.stderr.write(greeting(server.url, place, settings));
  const signal = await nextSignal();
  log.info({ signal }, "shutting down");
  process.once(signal, () => process.exit(1));
  await Promise.race([server.close(), sleep(drainTimeout, undefined, { ref: false })]);
  await close();
  log.info("stopped");
}

function nextSignal(): Promise<NodeJS.Signals> {
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, resolve);
  return promise;
}

function greeting(url: string, place: string, { isProduction }: Settings): string {
  if (isProduction) return "";
  return `
Latchkey listens on ${url}
Its data is in ${place}

Create the first user (in another terminal; it asks for the password):
  npx -y pnpm@12 latchkey create-user --username alice

Sign in:
  curl ${url}/trpc/token.obtain -H 'content-type: application/json' \\
    -d '{"username":"alice","password":"the password"}'

Stop with Ctrl-C.

`;
}
