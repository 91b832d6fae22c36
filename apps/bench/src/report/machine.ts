import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { availableParallelism, cpus, loadavg, platform, release, totalmem } from "node:os";
import { promisify } from "node:util";
import pg from "pg";

/** What the figures were measured on. */
export interface Machine {
  readonly cores: number;
  readonly processor: string;
  readonly memory: string;
  readonly system: string;
  /** Processes that ran or waited over the last minute before the bench: above 0.5, others were at work. */
  readonly load: number;
}

export function describeMachine(): Machine {
  return {
    cores: availableParallelism(),
    processor: cpus()[0]?.model.trim() ?? "unknown",
    memory: `${(totalmem() / 2 ** 30).toFixed(1)} GiB`,
    system: `${platform()} ${release()}`,
    load: loadavg()[0] ?? 0,
  };
}

export type Versions = Readonly<Record<string, string>>;

/** What was measured, and with what. */
export async function readVersions(connection: pg.PoolConfig): Promise<Versions> {
  return {
    latchkey: await readCommit(),
    node: process.versions.node,
    postgres: await readPostgresVersion(connection),
    "@trpc/server": await readPackageVersion("@trpc/server"),
    hono: await readPackageVersion("hono"),
  };
}

async function readCommit(): Promise<string> {
  const git = (...args: string[]) => promisify(execFile)("git", args, { cwd: import.meta.dirname });
  try {
    const { stdout: commit } = await git("rev-parse", "--short=10", "HEAD");
    const { stdout: changes } = await git("status", "--porcelain", "--untracked-files=no");
    return `${commit.trim()}${changes === "" ? "" : " with changes"}`;
  } catch {
    return "unknown";
  }
}

async function readPostgresVersion(connection: pg.PoolConfig): Promise<string> {
  const client = new pg.Client(connection);
  await client.connect();
  try {
    const { rows } = await client.query<{ server_version: string }>("show server_version");
    return rows[0]?.server_version ?? "unknown";
  } finally {
    await client.end();
  }
}

/** Not every package lets its manifest be imported. */
async function readPackageVersion(name: string): Promise<string> {
  const file = new URL(`../../node_modules/${name}/package.json`, import.meta.url);
  return (JSON.parse(await readFile(file, "utf8")) as { version: string }).version;
}
