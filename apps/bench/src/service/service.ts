import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import type { Child, Processes, ProcessOptions } from "../processes/processes.ts";
import type { ServiceAnswers } from "./process.ts";

/** The real service, in a process of its own. */
export interface Service {
  readonly url: string;
  readonly child: Child<ServiceAnswers>;
}

export interface ServiceOptions extends ProcessOptions {
  readonly connection: pg.PoolConfig;
  readonly secret: string;
  readonly cost: number;
}

/** Starts the service on a database, and resolves when it is ready. */
export async function startService(
  processes: Processes,
  { connection, secret, cost, ...rest }: ServiceOptions,
): Promise<Service> {
  const port = await findFreePort();
  const variables = {
    PORT: String(port),
    DATABASE_URL: databaseUrl(connection),
    LATCHKEY_SECRET: secret,
    PASSWORD_COST: String(cost),
    // As long as a run takes; and a production service does not greet.
    ACCESS_TOKEN_LIFETIME: "24h",
    NODE_ENV: "production",
    MIGRATE: "auto",
    // One of the few who call here calls as often as thousands.
    CHANGES_PER_MINUTE: "0",
    ADMINISTRATION_PER_MINUTE: "0",
    ...rest.variables,
  };
  const child = await processes.start<ServiceAnswers>("service/process.ts", { ...rest, variables });
  const url = `http://127.0.0.1:${port}`;
  await untilReady(url);
  return { url, child };
}

export function databaseUrl({ host, port, user, password, database }: pg.PoolConfig): string {
  return `postgres://${user}:${encodeURIComponent(String(password))}@${host}:${port}/${database}`;
}

export async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("There is no port");
  return address.port;
}

/** Resolves when the service says that it is ready, of which no event tells. */
export async function untilReady(url: string): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (performance.now() < deadline) {
    const isReady = await fetch(`${url}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isReady) return;
    await sleep(10);
  }
  throw new Error(`The service at ${url} was not ready within 30 seconds`);
}
