import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { chmod, chown, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Auth, createAuth } from "@latchkey/auth";
import { makeTemporaryFolder } from "@latchkey/embedded-postgres/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { password } from "../permissions/accounts-in-core.ts";
import { queryOnce } from "./external-database.ts";
import { until } from "./service-process.ts";

// An older PostgreSQL whose superuser we are, and a pooler that knows nothing of prepared statements: Debian's.

const versions = existsSync("/usr/lib/postgresql") ? readdirSync("/usr/lib/postgresql").sort() : [];
const programs = `/usr/lib/postgresql/${versions.at(-1)}/bin`;
const pooler = "/usr/sbin/pgbouncer";
const isThere = existsSync(join(programs, "initdb")) && existsSync(pooler);
if (!isThere) console.warn("Skipped: Debian's packages postgresql and pgbouncer are not installed.");

const isRoot = process.getuid?.() === 0;
const children: ChildProcess[] = [];
let port: number;
let poolerPort: number;
let home: string | undefined;

/** PostgreSQL and PgBouncer refuse to run as root. */
let account: { uid: number; gid: number } | undefined;

async function findAccount() {
  if (!isRoot) return undefined;
  const line = (await readFile("/etc/passwd", "utf8")).split("\n").find((line) => line.startsWith("postgres:"));
  const [, , uid, gid] = line?.split(":") ?? [];
  return { uid: Number(uid), gid: Number(gid) };
}

function findFreePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}

const superuser = () => ({ host: "127.0.0.1", port, user: "postgres", database: "postgres", ssl: false });

function untilItAnswers(connection: Parameters<typeof queryOnce>[0]): Promise<void> {
  return until(() =>
    queryOnce(connection, "select").then(
      () => true,
      () => false,
    ),
  );
}

async function makeHome(): Promise<string> {
  const made = await makeTemporaryFolder("latchkey-debian-");
  home = made;
  if (account) await chown(made, account.uid, account.gid);
  return made;
}

beforeAll(async () => {
  if (!isThere) return;
  account = await findAccount();
  const folder = await makeHome();
  const data = join(folder, "data");
  await promisify(execFile)(
    join(programs, "initdb"),
    ["--pgdata", data, "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"],
    { ...account, cwd: folder },
  );
  [port, poolerPort] = [await findFreePort(), await findFreePort()];
  const settings = ["-F", "-p", String(port), "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="];
  children.push(
    spawn(join(programs, "postgres"), ["-D", data, ...settings], { ...account, cwd: folder, stdio: "ignore" }),
  );
  await untilItAnswers(superuser());
  await queryOnce(superuser(), "create role latchkey login");
  const configuration = `
[databases]
* = host=127.0.0.1 port=${port} user=latchkey
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${poolerPort}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 4
ignore_startup_parameters = statement_timeout,extra_float_digits
logfile = ${folder}/pgbouncer.log
`;
  await writeFile(join(folder, "pgbouncer.ini"), configuration);
  await chmod(join(folder, "pgbouncer.ini"), 0o644);
  children.push(spawn(pooler, [join(folder, "pgbouncer.ini")], { ...account, cwd: folder, stdio: "ignore" }));
}, 120_000);

afterAll(async () => {
  for (const child of children.reverse()) {
    const ended = once(child, "exit");
    child.kill("SIGINT");
    await ended;
  }
  if (home) await rm(home, { recursive: true, force: true });
});

let databases = 0;

async function withAuth<T>(
  { setUp = [], through = port }: { setUp?: readonly string[]; through?: number },
  use: (auth: Auth) => Promise<T>,
): Promise<T> {
  const database = `latchkey_${++databases}`;
  await queryOnce(superuser(), `create database ${database} owner latchkey`);
  for (const statement of setUp) await queryOnce(superuser(), statement.replaceAll("$database", database));
  const connection = { host: "127.0.0.1", port: through, user: "latchkey", database, ssl: false };
  const secret = "3q2-7wABiV9kYx0dT5nPzQ8mL4sR6uHcJ1gEfWoXyZs";
  const auth = createAuth(connection, { secret, passwords: { cost: 4 } });
  try {
    return await use(auth);
  } finally {
    await auth.close();
  }
}

const facts = { requestId: null, address: "192.0.2.1", userAgent: null };

async function useSessions(auth: Auth, rounds: number): Promise<void> {
  const person = { username: "gülşen", password };
  await auth.register(person, facts);
  for (let round = 0; round < rounds; round++) {
    const { refreshToken } = await auth.login(person, facts);
    const refreshed = await Promise.all(Array.from({ length: 20 }, () => auth.refresh(refreshToken, facts)));
    expect(new Set(refreshed.map((answer) => answer.refreshToken)).size).toBe(1);
    const caller = await auth.authenticate([`Bearer ${refreshed[0]?.token}`]);
    await Promise.all(Array.from({ length: 10 }, (_, n) => auth.updateProfile(caller, { city: `Ş${n}` }, facts)));
    expect((await auth.listAuditEvents({ limit: 5 })).events).toHaveLength(5);
  }
  await auth.purge();
}

describe.skipIf(!isThere)("on Debian's PostgreSQL", () => {
  test("everything works", () =>
    withAuth({}, async (auth) => {
      await auth.initialize();
      await useSessions(auth, 8);
      const { warnings } = await auth.checkHealth();
      expect(warnings.filter((line) => !line.startsWith("fsync"))).toEqual([]);
    }));

  test("a session_replication_role that turns triggers and foreign keys off is refused in one line", () =>
    withAuth(
      { setUp: ["alter role latchkey in database $database set session_replication_role = replica"] },
      async (auth) => {
        await expect(auth.initialize()).rejects.toThrow(/^session_replication_role is replica, .*$/);
      },
    ));

  test("foreign keys that were disabled are refused in one line", () =>
    withAuth({}, async (auth) => {
      await auth.initialize();
      const { rows } = await auth.pool.query<{ name: string }>("select current_database() as name");
      await queryOnce(
        { ...superuser(), database: rows[0]?.name ?? "" },
        "alter table latchkey.sessions disable trigger all",
      );
      await expect(auth.initialize()).rejects.toThrow(/foreign keys of latchkey\.sessions are disabled/);
    }));

  test("a role that speaks another language of dates and isolation is answered all the same", () =>
    withAuth(
      {
        setUp: [
          "alter database $database set default_transaction_isolation = 'serializable'",
          "alter database $database set datestyle = 'German'",
          "alter database $database set search_path = ''",
        ],
      },
      async (auth) => {
        await auth.initialize();
        await useSessions(auth, 3);
      },
    ));
});

describe.skipIf(!isThere)("through a PgBouncer that hands out a connection for each transaction", () => {
  test("and supports no prepared statements, everything works, isolation that others set included", () =>
    withAuth(
      {
        through: poolerPort,
        setUp: ["alter database $database set default_transaction_isolation = 'repeatable read'"],
      },
      async (auth) => {
        await auth.initialize();
        await useSessions(auth, 30);
      },
    ));
});
