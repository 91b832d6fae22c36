import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { makeTemporaryFolder } from "@latchkey/embedded-postgres/testing";
import { vi } from "vitest";
import { canContain } from "./container.ts";

const script = fileURLToPath(new URL("../../../../deploy/patroni/cluster.sh", import.meta.url));
const programs = [
  "/usr/bin/patroni",
  "/usr/bin/etcd",
  "/usr/sbin/haproxy",
  "/usr/sbin/pgbouncer",
  "/usr/lib/postgresql",
];

/** Whether Debian's packages are here, and we may start them as somebody else than root. */
export const hasPatroni = programs.every((path) => existsSync(path)) && process.getuid?.() === 0;
if (!hasPatroni)
  console.warn("Skipped: Debian's packages patroni, etcd-server, haproxy, pgbouncer and postgresql are not installed.");

export type NodeNumber = 1 | 2 | 3;
export const nodeNumbers: readonly NodeNumber[] = [1, 2, 3];

/** What `deploy/patroni/cluster.sh` brings up. */
export interface PatroniCluster extends AsyncDisposable {
  /** At HAProxy, and at PgBouncer before it. */
  readonly directUrl: string;
  readonly pooledUrl: string;
  /** Whether a node can be taken off the network; else it is stopped where it is. */
  readonly hasNetworks: boolean;
  /** The node that takes writes. */
  findPrimary(): Promise<NodeNumber>;
  /** Resolves when Patroni says that another node than this is the primary, with the moment by `performance.now()`. */
  untilPromoted(old: NodeNumber): Promise<number>;
  /** Resolves when there are a primary and two standbys, one of which confirms writes, and all of etcd. */
  untilWhole(): Promise<void>;
  /** `kill -9` of a node's Patroni and PostgreSQL. */
  killNode(node: NodeNumber): Promise<void>;
  /** `kill -9` of a node's PostgreSQL alone. */
  killPostgres(node: NodeNumber): Promise<void>;
  /** `kill -9` of a node's etcd. */
  killEtcd(node: NodeNumber): Promise<void>;
  start(name: string): Promise<void>;
  cut(node: NodeNumber): Promise<void>;
  join(node: NodeNumber): Promise<void>;
}

/** A failover takes as long as a lease of Patroni's, and a node some seconds to come back. */
const timeLimit = { timeout: 120_000, interval: 50 };

/**
 * `LATCHKEY_KEEP_LOGS` names a folder where the logs of all programs are put at the end.
 *
 * @param basePort the first of six in a row that are free
 */
export async function startPatroniCluster(basePort: number): Promise<PatroniCluster> {
  const folder = await makeTemporaryFolder("latchkey-patroni-");
  const hasNetworks = canContain();
  const run = async (...args: readonly string[]) => {
    const env = { PATH: process.env.PATH, BASE_PORT: String(basePort), NAMESPACES: hasNetworks ? "yes" : "no" };
    const { stdout } = await promisify(execFile)(script, args, { env, timeout: 300_000 });
    return stdout.trim();
  };
  const close = async () => {
    await run("down", folder);
    const kept = process.env.LATCHKEY_KEEP_LOGS;
    if (kept) await cp(join(folder, "log"), kept, { recursive: true });
    await rm(folder, { recursive: true, force: true });
  };
  await run("up", folder).catch(async (error) => {
    await close();
    throw error;
  });
  const [, subnet = ""] = /^subnet=(.*)$/m.exec(await readFile(join(folder, "settings"), "utf8")) ?? [];
  const read = async (name: string) => (await readFile(join(folder, name), "utf8")).trim();
  const kill = async (file: string) => {
    const [pid] = (await read(file)).split("\n");
    process.kill(Number(pid), "SIGKILL");
  };
  /** What Patroni says of a node at this path, 0 where it does not answer. */
  const ask = (node: NodeNumber, path: string) =>
    fetch(`http://${subnet}${node}:${basePort + 1}${path}`, { signal: AbortSignal.timeout(1_000) }).then(
      async (response) => {
        await response.body?.cancel();
        return response.status;
      },
      () => 0,
    );
  const isEtcdUp = (node: NodeNumber) =>
    fetch(`http://${subnet}${node}:${basePort + 2}/health`, { signal: AbortSignal.timeout(1_000) }).then(
      async (response) => (await response.text()).includes('"true"'),
      () => false,
    );
  const count = async (path: string) =>
    (await Promise.all(nodeNumbers.map((node) => ask(node, path)))).filter((status) => status === 200).length;

  /** Without networks that can be cut, all that runs on a node stands still. */
  async function disconnect(node: NodeNumber, how: "cut" | "join"): Promise<void> {
    if (hasNetworks) return void (await run(how, folder, String(node)));
    const files = [`pid/patroni${node}`, `pid/etcd${node}`, `node${node}/data/postmaster.pid`];
    for (const file of files)
      process.kill(Number((await read(file)).split("\n")[0]), how === "cut" ? "SIGSTOP" : "SIGCONT");
  }

  return {
    directUrl: await read("direct-url"),
    pooledUrl: await read("pooled-url"),
    hasNetworks,
    findPrimary: async () => Number(await run("primary", folder)) as NodeNumber,
    async untilPromoted(old) {
      const others = nodeNumbers.filter((node) => node !== old);
      await vi.waitUntil(
        async () => (await Promise.all(others.map((node) => ask(node, "/primary")))).includes(200),
        timeLimit,
      );
      return performance.now();
    },
    async untilWhole() {
      await vi.waitUntil(async () => {
        if ((await count("/primary")) !== 1 || (await count("/replica?lag=1MB")) !== 2) return false;
        return (await count("/sync")) === 1 && (await Promise.all(nodeNumbers.map(isEtcdUp))).every(Boolean);
      }, timeLimit);
    },
    async killNode(node) {
      await kill(`pid/patroni${node}`);
      await kill(`node${node}/data/postmaster.pid`);
    },
    killPostgres: (node) => kill(`node${node}/data/postmaster.pid`),
    killEtcd: (node) => kill(`pid/etcd${node}`),
    start: async (name) => void (await run("start", folder, name)),
    cut: (node) => disconnect(node, "cut"),
    join: (node) => disconnect(node, "join"),
    [Symbol.asyncDispose]: close,
  };
}
