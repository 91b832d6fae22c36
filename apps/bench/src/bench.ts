import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSecret } from "@latchkey/auth";
import { openEmbeddedPostgres } from "@latchkey/embedded-postgres";
import pg from "pg";
import type { HashingAnswers } from "./hashing/process.ts";
import type { Crowd, Outcome, Stretch } from "./load/plan.ts";
import type { LoadAnswers } from "./load/process.ts";
import { type Child, Processes, type ProcessOptions } from "./processes/processes.ts";
import { type Places, preparePlaces } from "./seeding/places.ts";
import { type Service, type ServiceOptions, startService } from "./service/service.ts";
import type { Sizes } from "./sizes.ts";

/** Visitors at the other end of open connections. */
export interface Visitors {
  run(stretch: Stretch): Promise<Outcome>;
  close(): Promise<void>;
}

/** What rows measure with: one PostgreSQL, and processes that end with the bench. */
export interface Bench extends AsyncDisposable {
  readonly sizes: Sizes;
  readonly secret: string;
  /** The database that others are made beside. */
  readonly connection: pg.PoolConfig;
  readonly processes: Processes;
  readonly places: Places;
  /** Tells whoever waits what is going on. */
  readonly say: (line: string) => void;
  startService(options: Pick<ServiceOptions, "connection"> & ProcessOptions): Promise<Service>;
  startHashing(options?: ProcessOptions): Promise<Child<HashingAnswers>>;
  /** Connects visitors, in the one process that makes all load but for what is meant to disturb. */
  invite(crowd: Crowd): Promise<Visitors>;
  /** The same in a process of their own, whose work is not in what the others measure. */
  inviteApart(crowd: Crowd): Promise<Visitors>;
}

/** Starts a PostgreSQL with its ordinary settings, so that what is committed is on the disk, in a folder that goes with it. */
export async function openBench({ sizes, say }: Pick<Bench, "sizes" | "say">): Promise<Bench> {
  const dataDir = await mkdtemp(join(tmpdir(), "latchkey-bench-"));
  const removeFolder = () => rm(dataDir, { recursive: true, force: true });
  const server = await openEmbeddedPostgres({ dataDir }).catch(async (error) => {
    await removeFolder();
    throw error;
  });
  const processes = new Processes();
  const secret = createSecret();
  const start = (options: Pick<ServiceOptions, "connection"> & ProcessOptions) =>
    startService(processes, { secret, cost: sizes.cost, ...options });
  const places = preparePlaces({
    sizes,
    say,
    secret,
    startService: start,
    connectionTo: (database) => ({ ...server.connection, database }),
    createDatabase: (name) => administer(server.connection, `create database ${name}`),
  });
  return {
    sizes,
    secret,
    connection: server.connection,
    processes,
    places,
    say,
    startService: start,
    startHashing: (options) => processes.start<HashingAnswers>("hashing/process.ts", options),
    invite: createInvitations(processes),
    inviteApart: createInvitations(processes),
    async [Symbol.asyncDispose]() {
      await processes.stopAll();
      await server.close();
      await removeFolder();
    },
  };
}

function createInvitations(processes: Processes) {
  let load: Promise<Child<LoadAnswers>> | undefined;
  return async (crowd: Crowd): Promise<Visitors> => {
    load ??= processes.start<LoadAnswers>("load/process.ts");
    const child = await load;
    const id = await child.ask("open", crowd);
    return { run: (stretch) => child.ask("run", { id, stretch }), close: () => child.ask("close", { id }) };
  };
}

async function administer(connection: pg.PoolConfig, statement: string): Promise<void> {
  const client = new pg.Client({ ...connection, database: "postgres" });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
