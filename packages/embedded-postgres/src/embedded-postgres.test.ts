import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, cp, mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { Client } from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { type EmbeddedPostgres, type EmbeddedPostgresOptions, openEmbeddedPostgres } from "./embedded-postgres.ts";
import { EmbeddedPostgresError } from "./error.ts";
import { complaintIn, isServer } from "./server.ts";
import { sharedBuffers } from "./shared-buffers.ts";
import { makeTemporaryFolder } from "./testing/temporary-folder.ts";

/** A server of a test is small: what a process of it begins with would be most of what it does. */
const settings = { fsync: "off", shared_buffers: "16MB", io_method: "sync" };
const isRoot = process.getuid?.() === 0;
const isLinux = process.platform === "linux";

const opened: EmbeddedPostgres[] = [];
const children: ChildProcess[] = [];
const folders: string[] = [];

/** How often what depends on the moment is tried. */
const trials = process.env.LATCHKEY_LONG === "1" ? 3 : 1;

/** A database made once, for the tests that need any; stopped before and after each of them but for those that share its server. */
let shared: string;
let isKeptUp = false;

beforeAll(async () => {
  shared = await emptyFolder();
  await (await open(shared)).close();
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((server) => server.close()));
  for (const child of children.splice(0)) child.kill("SIGKILL");
  for (const folder of folders) if (!isKeptUp) await killServer(folder);
});

afterAll(async () => {
  await Promise.all(folders.map((folder) => rm(dirname(folder), { recursive: true, force: true, maxRetries: 5 })));
});

describe("a folder that cannot be used is refused in one line", () => {
  let folder: string;

  beforeEach(async () => {
    folder = await emptyFolder();
  });

  it("when it is a file", async () => {
    await writeFile(folder, "");
    expect(await refusalOf(folder)).toContain(`${folder} is a file: name a folder`);
  });

  it("when it lies below a file", async () => {
    await writeFile(folder, "");
    expect(await refusalOf(join(folder, "data"))).toContain("is a file or lies below one");
  });

  it("when it cannot be written", async () => {
    const closed = isRoot && isLinux ? "/sys/latchkey" : await readOnlyFolder(folder);
    expect(await refusalOf(closed)).toMatch(/is not writable by this user|is on a read-only file system/);
  });

  it("when it holds files of somebody else, which stay as they are", async () => {
    await mkdir(join(folder, "line\nbreak"), { recursive: true });
    expect(await refusalOf(folder)).toContain("holds something that is not Latchkey's");
    expect(await readdir(folder)).toEqual(["line\nbreak"]);
  });

  it("when it holds half a database that Latchkey did not leave", async () => {
    await mkdir(join(folder, "postgres", "data"), { recursive: true });
    expect(await refusalOf(folder)).toContain('not Latchkey\'s ("postgres")');
  });

  it.each(["16", "19"])("when it was made by PostgreSQL %s", async (major) => {
    await mkdir(join(folder, "postgres", "data"), { recursive: true });
    await writeFile(join(folder, "postgres", "data", "PG_VERSION"), `${major}\n`);
    const refusal = await refusalOf(folder);
    expect(refusal).toContain(`was made by PostgreSQL "${major}", and this is PostgreSQL 18`);
    expect(refusal).toContain('"Upgrading PostgreSQL" in docs/backup-and-upgrade.md');
  });

  it("when there is no PostgreSQL for this machine", async () => {
    const child = startOpener(folder, 'Object.defineProperty(process, "arch", { value: "pdp11" });');
    expect(await child.line()).toMatch(
      /^EmbeddedPostgresError There is no embedded PostgreSQL for \w+-pdp11 .* set DATABASE_URL/,
    );
  });

  it("when it is a copy whose original is running, so that nobody writes to another database than they named", async () => {
    await open(shared);
    await cp(shared, folder, { recursive: true });
    expect(await refusalOf(folder)).toContain(`was moved or copied from "${shared}`);
  });

  it("when the password is missing", async () => {
    const password = join(shared, "postgres", "password");
    await rename(password, `${password}.away`);
    expect(await refusalOf(shared)).toContain(`${password} is missing`);
    await rename(`${password}.away`, password);
  });

  it("when the server does not come up, with what it logged last and where", async () => {
    const file = join(shared, "postgres", "data", "postgresql.auto.conf");
    const before = await readFile(file, "utf8");
    await writeFile(file, "no_such_setting = 1\n");
    const refusal = await refusalOf(shared);
    await writeFile(file, before);
    expect(refusal).toMatch(/FATAL: {2}configuration file ".*" contains errors/);
    expect(refusal).toContain(join(shared, "postgres", "server.log"));
  });

  it.each([{ fsync: 'off"; touch /tmp/x; "' }, { fsync: "$(id)" }, { fsync: "a\nb" }, { 'x" -c "fsync': "off" }])(
    "when a setting could be read as something else: %j",
    async (hostile) => {
      await expect(openEmbeddedPostgres({ dataDir: folder, settings: hostile })).rejects.toThrow(EmbeddedPostgresError);
      await expect(stat(folder)).rejects.toThrow("ENOENT");
    },
  );
});

describe("the reason why PostgreSQL failed is the line that says it", () => {
  it.each([
    {
      reason: "a full disk, and not what follows from it",
      output:
        "creating files ... ok\nrunning bootstrap script ... 2026-11-23 22:40:11.300 UTC [4445] FATAL:  could not write to file: No space left on device\nPANIC:  cannot abort transaction 1\ninitdb: removing data directory\n",
      complaint: "FATAL:  could not write to file: No space left on device",
    },
    {
      reason: "the last complaint",
      output: "initdb: error: first\r\ninitdb: error: second\r\ninitdb: removing data directory\r\n",
      complaint: "error: second",
    },
    {
      reason: "the last line, when none complains",
      output: "\nlibicuuc.so.60: cannot open shared object file\n\n",
      complaint: "libicuuc.so.60: cannot open shared object file",
    },
    { reason: "none at all", output: "", complaint: "it says nothing" },
  ])("$reason", ({ output, complaint }) => {
    expect(complaintIn(output)).toBe(complaint);
  });
});

describe("a new folder", () => {
  it("gets one database and one server when three open it at once, in two processes", { tags: ["long"] }, async () => {
    const folder = await emptyFolder();
    const child = startOpener(folder);
    const servers = await Promise.all([open(folder), open(folder)]);
    const ports = new Set([await child.line(), ...servers.map((server) => `open ${server.connection.port}`)]);
    expect(ports.size).toBe(1);
    expect(await readdir(folder)).toEqual(["postgres"]);
  });

  it("keeps its password and its data to their owner", async () => {
    for (const [name, mode] of [
      ["password", 0o600],
      ["data", 0o700],
    ] as const) {
      expect((await stat(join(shared, "postgres", name))).mode & 0o777).toBe(mode);
    }
  });

  it("has got a database whose data is there at the next opening, which clears away what dead builders left and no living one's", async () => {
    const first = await open(shared);
    await query(first, "create table note (text text)");
    await query(first, "insert into note values ('kept')");
    await first.close();
    const dead = spawn(process.execPath, ["--version"]);
    await once(dead, "exit");
    const kept = `postgres.new-${process.ppid}-1`;
    for (const name of [`postgres.new-${dead.pid}-1`, kept]) await mkdir(join(shared, name));
    expect(await query(await open(shared), "select text from note")).toEqual([{ text: "kept" }]);
    expect((await readdir(shared)).sort()).toEqual(["postgres", kept]);
    await rm(join(shared, kept), { recursive: true });
  });

  it.runIf(isRoot)("is served to root by another user", async () => {
    expect((await stat(join(shared, "postgres", "data"))).uid).not.toBe(0);
  });

  it("is served to root by another user below a folder that is root's alone", { tags: ["long"] }, async ({ skip }) => {
    skip(!isRoot);
    const folder = await emptyFolder(0o700);
    expect(await query(await open(folder), "select 1 as one")).toEqual([{ one: 1 }]);
    expect((await stat(join(folder, "postgres", "data"))).uid).not.toBe(0);
  });
});

describe("the application's role", () => {
  let server: EmbeddedPostgres;
  beforeAll(async () => {
    isKeptUp = true;
    const asked = { fsync: "off", work_mem: "5MB", listen_addresses: "*" };
    server = await openEmbeddedPostgres({ dataDir: shared, settings: asked });
  });
  afterAll(async () => {
    await server.close();
    isKeptUp = false;
  });

  it("is no superuser, owns its database and may create others", async () => {
    const [role] = await query(server, "select rolsuper, rolcreaterole from pg_roles where rolname = current_user");
    expect(role).toEqual({ rolsuper: false, rolcreaterole: false });
    await query(server, "create schema notes");
    await query(server, "create database another");
    await query(server, "drop database another");
  });

  it("is the only one that the server lets in", async () => {
    const superuser = new Client({ ...server.connection, user: "postgres", database: "postgres" });
    await expect(superuser.connect()).rejects.toThrow("no pg_hba.conf entry");
    const guesser = new Client({ ...server.connection, password: "guess" });
    await expect(guesser.connect()).rejects.toThrow("password authentication failed");
  });

  it("gets the settings that were asked for, and a server on the loopback whatever they say", async () => {
    expect(await query(server, "show work_mem")).toEqual([{ work_mem: "5MB" }]);
    const pages = await query(
      server,
      "select setting::int * 8 / 1024 as mebibytes from pg_settings where name = 'shared_buffers'",
    );
    expect(pages).toEqual([{ mebibytes: sharedBuffers() }]);
    expect(await query(server, "show listen_addresses")).toEqual([{ listen_addresses: "127.0.0.1" }]);
  });

  it("leaves nothing of a failed statement in the server's log, which may hold personal data", async () => {
    await expect(query(server, "select 'canary'::integer")).rejects.toThrow("canary");
    expect(await readFile(join(shared, "postgres", "server.log"), "utf8")).not.toContain("canary");
  });
});

describe("several processes on one folder", () => {
  it("share the server of the first, and stop it when the last one leaves, in whatever order they came", async () => {
    const first = await open(shared);
    const [other, child] = [startOpener(shared), startOpener(shared)];
    for (const opener of [other, child]) expect(await opener.line()).toBe(`open ${first.connection.port}`);
    await other.finish();
    expect(await query(first, "select 1 as one")).toEqual([{ one: 1 }]);
    const pid = await serverPid(shared);
    await first.close();
    expect(await isServer(pid)).toBe(true);
    await child.finish();
    await gone(pid);
  });

  it("share one server when they start it at the same moment", async () => {
    const processes = [startOpener(shared), startOpener(shared)];
    const server = await open(shared);
    const lines = await Promise.all(processes.map((child) => child.line()));
    expect(new Set([...lines, `open ${server.connection.port}`]).size).toBe(1);
    await Promise.all(processes.map((child) => child.finish()));
    expect(await query(server, "select 1 as one")).toEqual([{ one: 1 }]);
  });

  it("get a living server when they come while the last one is leaving", { tags: ["long"] }, async () => {
    for (let trial = 0; trial < trials; trial++) {
      const leaving = await open(shared);
      const [coming] = await Promise.all([open(shared), leaving.close()]);
      expect(await query(coming, "select 1 as one")).toEqual([{ one: 1 }]);
      await coming.close();
    }
  });

  it("let go once, however often they say so", { tags: ["long"] }, async () => {
    const [first, second] = [await open(shared), await open(shared)];
    await Promise.all([second.close(), second.close()]);
    await second.close();
    expect(await query(first, "select 1 as one")).toEqual([{ one: 1 }]);
  });
});

describe("after an accident", () => {
  it("Ctrl-C and kill -9 of the service leave the server up, and the next opening adopts it with its data", async () => {
    const child = startOpener(shared);
    await child.line();
    const pid = await serverPid(shared);
    await child.interrupt();
    const second = startOpener(shared);
    await second.line();
    await second.kill();
    const server = await open(shared);
    expect(await serverPid(shared)).toBe(pid);
    expect(await query(server, "select 1 as one")).toEqual([{ one: 1 }]);
    await server.close();
    await gone(pid);
  });

  it("a server that is killed comes back by itself at the same port, with what was committed", async () => {
    const back = Promise.withResolvers<void>();
    const onNotice = (line: string) => line.includes("is back") && back.resolve();
    const server = await open(shared, { onNotice });
    await query(server, "create table committed ()");
    const pid = await serverPid(shared);
    process.kill(pid, "SIGKILL");
    await back.promise;
    expect(await serverPid(shared)).not.toBe(pid);
    expect(await query(server, "select count(*) from committed")).toEqual([{ count: "0" }]);
  });

  it("a killed server comes back once for all who use it, and stops after the last of them", {
    tags: ["long"],
  }, async () => {
    const notices = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const openWith = (back: PromiseWithResolvers<void>) =>
      open(shared, { onNotice: (line) => line.includes("is back") && back.resolve() });
    const [first, second] = [await openWith(notices[0] ?? never), await openWith(notices[1] ?? never)];
    process.kill(await serverPid(shared), "SIGKILL");
    await Promise.all(notices.map((notice) => notice.promise));
    const pid = await serverPid(shared);
    await first.close();
    expect(await query(second, "select 1 as one")).toEqual([{ one: 1 }]);
    await second.close();
    await gone(pid);
  });

  it("closing while the server is being brought back ends, and leaves none behind", { tags: ["long"] }, async () => {
    const lost = Promise.withResolvers<void>();
    const server = await open(shared, { onNotice: () => lost.resolve() });
    const pid = await serverPid(shared);
    process.kill(pid, "SIGKILL");
    await lost.promise;
    await server.close();
    await gone(await serverPid(shared).catch(() => pid));
  });

  it("a server and a service that were both killed start again", { tags: ["long"] }, async () => {
    const child = startOpener(shared);
    await child.line();
    const pid = await serverPid(shared);
    process.kill(pid, "SIGSTOP");
    await child.kill();
    process.kill(pid, "SIGKILL");
    expect(await query(await open(shared), "select 1 as one")).toEqual([{ one: 1 }]);
  });

  it.runIf(isLinux)("a lock file whose process id now belongs to another program does not keep it down", async () => {
    const first = await open(shared);
    const lockFile = join(shared, "postgres", "data", "postmaster.pid");
    const left = (await readFile(lockFile, "utf8")).replace(/^\d+/, String(process.pid));
    await first.close();
    await writeFile(lockFile, left);
    expect(await query(await open(shared), "select 1 as one")).toEqual([{ one: 1 }]);
  });

  it("a lock file whose process id now belongs to another PostgreSQL does not keep it down", {
    tags: ["long"],
  }, async ({ skip }) => {
    skip(!isLinux);
    const [first, second] = [shared, await emptyFolder()];
    const child = startOpener(first);
    await child.line();
    const lockFile = join(first, "postgres", "data", "postmaster.pid");
    const left = await readFile(lockFile, "utf8");
    await child.finish();
    const other = await open(second);
    await writeFile(lockFile, left.replace(/^\d+/, String(await serverPid(second))));
    const before = Date.now();
    expect(await query(await open(first), "select 1 as one")).toEqual([{ one: 1 }]);
    expect(Date.now() - before).toBeLessThan(15_000);
    expect(await query(other, "select 2 as two")).toEqual([{ two: 2 }]);
    expect(await serverPid(first)).not.toBe(await serverPid(second));
  });

  it("a port that was taken meanwhile is left to its owner", { tags: ["long"] }, async () => {
    const first = await open(shared);
    const { port } = first.connection;
    await first.close();
    const squatter = createServer().listen(port, "127.0.0.1");
    await once(squatter, "listening");
    const second = await open(shared);
    squatter.close();
    expect(second.connection.port).not.toBe(port);
  });
});

const never = Promise.withResolvers<void>();

async function open(dataDir: string, options: Partial<EmbeddedPostgresOptions> = {}): Promise<EmbeddedPostgres> {
  const server = await openEmbeddedPostgres({ dataDir, settings, ...options });
  opened.push(server);
  return server;
}

async function query(server: EmbeddedPostgres, text: string): Promise<unknown[]> {
  const client = new Client(server.connection);
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}

/** The path of a folder that is not there yet, below one of the given mode. */
async function emptyFolder(mode = 0o755): Promise<string> {
  const parent = await makeTemporaryFolder("latchkey-embedded-");
  await chmod(parent, mode);
  const folder = join(parent, "data");
  folders.push(folder);
  return folder;
}

async function readOnlyFolder(path: string): Promise<string> {
  await mkdir(path, { mode: 0o555 });
  return path;
}

async function refusalOf(dataDir: string): Promise<string> {
  const refusal = await open(dataDir).catch((error: unknown) => error);
  if (!(refusal instanceof EmbeddedPostgresError)) throw new Error("was not refused", { cause: refusal });
  expect(refusal.message).not.toMatch(/[\r\n]/);
  return refusal.message;
}

/** A process of its own that opens the folder, says so in a line, and closes it when its input ends. */
function startOpener(dataDir: string, before = "") {
  const script = `
    ${before}
    const { openEmbeddedPostgres } = await import(${JSON.stringify(new URL("./embedded-postgres.ts", import.meta.url).href)});
    try {
      const server = await openEmbeddedPostgres(${JSON.stringify({ dataDir, settings })});
      console.log("open", server.connection.port);
      process.stdin.on("end", () => server.close().then(() => console.log("closed"))).resume();
    } catch (error) {
      console.log(error.name, error.message);
    }`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: "pipe", detached: true });
  children.push(child);
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const exited = once(child, "exit");
  const end = async (signal: NodeJS.Signals, pid: number | undefined) => {
    if (pid !== undefined) process.kill(pid, signal);
    expect(await exited).toEqual([null, signal]);
  };
  return {
    line: async () => String((await lines.next()).value),
    finish: async () => {
      child.stdin.end();
      expect(await exited).toEqual([0, null]);
    },
    kill: () => end("SIGKILL", child.pid),
    /** What a terminal does at Ctrl-C: a signal to every process of the group. */
    interrupt: () => end("SIGINT", child.pid === undefined ? undefined : -child.pid),
  };
}

async function serverPid(dataDir: string): Promise<number> {
  const lockFile = await readFile(join(dataDir, "postgres", "data", "postmaster.pid"), "utf8");
  return Number.parseInt(lockFile, 10);
}

/** The server is nobody's child, so no event tells of its end. */
async function gone(pid: number): Promise<void> {
  await vi.waitUntil(async () => !(await isServer(pid)), { timeout: 30_000, interval: 10 });
}

async function killServer(dataDir: string): Promise<void> {
  const pid = await serverPid(dataDir).catch(() => undefined);
  // Unlike after SIGKILL, its shared memory goes with it.
  if (pid !== undefined && (await isServer(pid))) process.kill(pid, "SIGQUIT");
}
