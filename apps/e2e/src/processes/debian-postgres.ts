import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { chmod, chown, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { makeTemporaryFolder } from "@latchkey/embedded-postgres/testing";
import type pg from "pg";
import { queryOnce, toDatabaseUrl } from "./external-database.ts";
import { until } from "./service-process.ts";

const versions = existsSync("/usr/lib/postgresql") ? readdirSync("/usr/lib/postgresql").sort() : [];
const programs = `/usr/lib/postgresql/${versions.at(-1)}/bin`;
const pooler = "/usr/sbin/pgbouncer";

/** Whether Debian's packages postgresql and pgbouncer are here. */
export const hasDebianPostgres = existsSync(join(programs, "initdb")) && existsSync(pooler);
if (!hasDebianPostgres) console.warn("Skipped: Debian's packages postgresql and pgbouncer are not installed.");

/** An older PostgreSQL whose superuser we are, and which asks nobody for a password. */
export interface DebianPostgres extends AsyncDisposable {
  readonly port: number;
  /** To PostgreSQL's own database, or another. */
  superuser(database?: string): pg.ClientConfig;
  /** Makes a database for a role, and answers its name. */
  createDatabase(owner: string): Promise<string>;
  /** The folder of its Unix socket. */
  readonly socketFolder: string;
  /** A PgBouncer before it that hands out a connection for each transaction; answers its port. */
  startPooler(settings?: string): Promise<number>;
  /** Ends it, and starts it at the same port as a standby that takes no writes. */
  becomeStandby(): Promise<void>;
  /** What an administrator would set as `DATABASE_URL`. */
  urlOf(user: string, database: string, port?: number): string;
}

/** PostgreSQL and PgBouncer refuse to run as root. */
async function findAccount(): Promise<{ uid: number; gid: number } | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const line = (await readFile("/etc/passwd", "utf8")).split("\n").find((line) => line.startsWith("postgres:"));
  const [, , uid, gid] = line?.split(":") ?? [];
  return { uid: Number(uid), gid: Number(gid) };
}

export function findFreePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}

/** What our connections say when they begin, and PgBouncer does not know. */
const ignored = "ignore_startup_parameters = statement_timeout,extra_float_digits";

const poolerSettings = (port: number, poolerPort: number, folder: string, settings: string) => `
[databases]
* = host=127.0.0.1 port=${port} user=latchkey
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${poolerPort}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 4
logfile = ${folder}/pgbouncer-${poolerPort}.log
${settings}
`;

/** Starts it with a role `latchkey` that owns nothing yet. */
export async function startDebianPostgres(): Promise<DebianPostgres> {
  const account = await findAccount();
  const folder = await makeTemporaryFolder("latchkey-debian-");
  if (account) await chown(folder, account.uid, account.gid);
  const data = join(folder, "data");
  const children: ChildProcess[] = [];
  const run = (program: string, args: readonly string[]) => {
    const child = spawn(program, args, { ...account, cwd: folder, stdio: "ignore" });
    children.push(child);
    return child;
  };
  await promisify(execFile)(
    join(programs, "initdb"),
    ["--pgdata", data, "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"],
    { ...account, cwd: folder },
  );
  const port = await findFreePort();
  const superuser = (database = "postgres") => ({ host: "127.0.0.1", port, user: "postgres", database, ssl: false });
  const settings = [
    "-F",
    "-p",
    String(port),
    "-c",
    "listen_addresses=127.0.0.1",
    "-c",
    `unix_socket_directories=${folder}`,
  ];
  const start = async () => {
    const child = run(join(programs, "postgres"), ["-D", data, ...settings]);
    await until(() =>
      queryOnce(superuser(), "select").then(
        () => true,
        () => false,
      ),
    );
    return child;
  };
  const primary = await start();
  await queryOnce(superuser(), "create role latchkey login");
  let databases = 0;
  return {
    port,
    superuser,
    async createDatabase(owner) {
      const name = `latchkey_${++databases}`;
      await queryOnce(superuser(), `create database ${name} owner ${owner}`);
      return name;
    },
    socketFolder: folder,
    async startPooler(settings = ignored) {
      const poolerPort = await findFreePort();
      const path = join(folder, `pgbouncer-${poolerPort}.ini`);
      await writeFile(path, poolerSettings(port, poolerPort, folder, settings));
      await chmod(path, 0o644);
      run(pooler, [path]);
      return poolerPort;
    },
    async becomeStandby() {
      const ended = once(primary, "exit");
      primary.kill("SIGINT");
      await ended;
      children.splice(children.indexOf(primary), 1);
      await writeFile(join(data, "standby.signal"), "");
      await start();
    },
    urlOf: (user, database, at = port) =>
      toDatabaseUrl({ host: "127.0.0.1", port: at, user, password: "unused", database }),
    async [Symbol.asyncDispose]() {
      for (const child of children.reverse()) {
        const ended = once(child, "exit");
        child.kill("SIGINT");
        await ended;
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
}
