import { execFile, spawn, spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { findFreePort } from "./free-port.ts";

/** Debian's mariadb-server. */
const program = "/usr/sbin/mariadbd";

/** Whether MariaDB is at hand; where not, it is said that tests with it are skipped. */
export function hasMariadb(): boolean {
  const isThere = spawnSync(program, ["--version"]).status === 0;
  if (!isThere) console.warn("MariaDB is missing (Debian's mariadb-server): tests with it are skipped.");
  return isThere;
}

export interface Mariadb extends AsyncDisposable {
  /** Of an empty database in which names are told apart byte for byte, as `mysql://…`. */
  readonly url: string;
}

/** Starts a server in a temporary folder of its own; nothing of it is left afterwards. */
export async function startMariadb(): Promise<Mariadb> {
  const folder = await mkdtemp(join(tmpdir(), "latchkey-mariadb-"));
  const common = ["--no-defaults", `--datadir=${folder}`, `--user=${userInfo().username}`];
  await promisify(execFile)("mariadb-install-db", [...common, "--auth-root-authentication-method=normal"]);
  const port = await findFreePort();
  const socket = join(folder, "socket");
  const child = spawn(
    program,
    [...common, `--socket=${socket}`, `--port=${port}`, "--bind-address=127.0.0.1", "--skip-name-resolve"],
    { stdio: "ignore" },
  );
  const ended = new Promise((resolve) => child.once("close", resolve));
  const run = (statement: string) =>
    promisify(execFile)("mariadb", ["--no-defaults", "--user=root", `-S${socket}`, "-e", statement]);
  const isReady = () =>
    run("select 1").then(
      () => true,
      () => false,
    );
  while (child.exitCode === null && !(await isReady())) await delay(100);
  await run(`create database shop character set utf8mb4 collate utf8mb4_bin;
    create user 'reader'@'%' identified by 'of-this-test'; grant all on shop.* to 'reader'@'%'`);
  return {
    url: `mysql://reader:of-this-test@127.0.0.1:${port}/shop`,
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await ended;
      await rm(folder, { recursive: true });
    },
  };
}
