import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { openEmbeddedPostgres } from "@latchkey/embedded-postgres";
import { createEmptyDatabase, type EmptyDatabase } from "../processes/external-database.ts";
import { findPostgres, killPostgres } from "../processes/installation.ts";

/** A PostgreSQL server of a test's own, with `fsync`, to which everything can happen. */
export interface OwnPostgres extends AsyncDisposable {
  /** Of its first process, as it was started. */
  readonly pid: number;
  createDatabase(): Promise<EmptyDatabase>;
  /** Stops it as an administrator does: everybody is put out. */
  stop(): Promise<void>;
  /** Resolves when it takes connections again, at the same port. */
  start(): Promise<void>;
  /** Stops its processes where they are: connections stay open, and nothing is answered. */
  freeze(): Promise<void>;
  thaw(): Promise<void>;
  /** Whatever has happened to it, it takes connections again. */
  comeBack(): Promise<void>;
}

export async function startOwnPostgres(): Promise<OwnPostgres> {
  const dataDir = await mkdtemp(join(tmpdir(), "latchkey-postgres-"));
  let server = await openEmbeddedPostgres({ dataDir });
  let isUp = true;
  let frozen: readonly number[] = [];
  const thaw = async () => {
    for (const pid of frozen) process.kill(pid, "SIGCONT");
    frozen = [];
  };
  const start = async () => {
    server = await openEmbeddedPostgres({ dataDir });
    isUp = true;
  };
  return {
    pid: await findPostgresOrThrow(dataDir),
    createDatabase: () => createEmptyDatabase(server.connection),
    async stop() {
      isUp = false;
      await server.close();
    },
    start,
    async freeze() {
      frozen = await stopProcesses(await findPostgresOrThrow(dataDir));
    },
    thaw,
    async comeBack() {
      await thaw();
      if (!isUp) await start();
    },
    async [Symbol.asyncDispose]() {
      await thaw();
      await server.close();
      await killPostgres(dataDir);
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

async function findPostgresOrThrow(dataDir: string): Promise<number> {
  const pid = await findPostgres(dataDir);
  if (pid === undefined) throw new Error("PostgreSQL does not run");
  return pid;
}

/** Stops the first process, which alone begets others, and then its children. */
async function stopProcesses(postmaster: number): Promise<number[]> {
  process.kill(postmaster, "SIGSTOP");
  const { stdout } = await promisify(execFile)("ps", ["-A", "-o", "ppid=,pid="]);
  const pairs = stdout.split("\n").map((line) => line.trim().split(/\s+/).map(Number));
  const children = pairs.flatMap(([parent, pid]) => (parent === postmaster && pid ? [pid] : []));
  for (const pid of children) process.kill(pid, "SIGSTOP");
  return [postmaster, ...children];
}
