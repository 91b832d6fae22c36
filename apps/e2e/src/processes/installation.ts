import { execFile } from "node:child_process";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { createTestDatabase, testSecret } from "@latchkey/auth/testing";
import { makeTemporaryFolder } from "@latchkey/embedded-postgres/testing";
import type pg from "pg";
import type { Entry } from "./bundle.ts";
import { copyDataFolder } from "./data-folder.ts";
import { queryOnce, toDatabaseUrl } from "./external-database.ts";
import { keepCommandLine } from "./kept-command-line.ts";
import { launch, type Outcome, type Program, until, type Variables } from "./service-process.ts";

/** A running service. */
export interface Service extends Program {
  readonly url: string;
  /** Asks it to stop, and answers what it ended with. */
  stop(signal?: NodeJS.Signals): Promise<Outcome>;
}

/** Bundled, or as the sources are. */
type Form = "bundle" | "sources";

/** A data folder of its own, and the processes that use it. */
export interface Installation extends AsyncDisposable {
  readonly dataDir: string;
  /** Writes a file where its processes run, such as `latchkey.config.mjs`. */
  writeFile(name: string, text: string): Promise<void>;
  /** Starts a service and waits until it listens; of another form than the others of this installation, if that is said. */
  start(variables?: Variables, form?: Form): Promise<Service>;
  /** Starts a service that may not come up. */
  launch(variables?: Variables): Program;
  /** Starts a command that may not come to its end. */
  launchCommand(args: readonly string[], options?: RunOptions): Program;
  /** Runs the command line to its end. */
  run(args: readonly string[], options?: RunOptions): Promise<Outcome>;
  /** The process of the embedded PostgreSQL, or undefined when none runs. */
  findPostgres(): Promise<number | undefined>;
  /** How to reach the embedded PostgreSQL, while it runs. */
  findConnection(): Promise<pg.ClientConfig>;
  /** One query on its database; on the embedded PostgreSQL, while something runs. */
  query<Row extends pg.QueryResultRow>(text: string): Promise<Row[]>;
}

export interface InstallationOptions {
  /** Puts a disk below the data folder, which is taken away when nothing runs there any more. */
  readonly mount?: (dataDir: string) => Promise<AsyncDisposable>;
  /** Has its first process find no data folder, as on a machine where Latchkey has not run before, and not one to go on with. */
  readonly isNew?: boolean;
  /**
   * Has a migrated database on the tests' server, and a secret, in place of the embedded PostgreSQL: that takes longer to come up and to
   * stop than most commands run.
   */
  readonly isOnTestServer?: boolean;
  /** Has commands run in one process, which has loaded them, in place of one process each. */
  readonly keepsCommandLine?: boolean;
  /** Whether its services run the bundle, which is up in a third of the time, or the sources, as `pnpm start` does. */
  readonly form?: Form;
}

export interface RunOptions {
  readonly input?: string;
  readonly variables?: Variables;
  /** In a process of its own, where the installation keeps one for the others. */
  readonly isApart?: boolean;
  /** The bundle unless said, as with services. */
  readonly form?: Form;
}

/**
 * An installation in a folder of its own. Whatever still runs when it is disposed of is killed, the embedded PostgreSQL too.
 *
 * @example
 * await using installation = await createInstallation();
 * const { url } = await installation.start();
 */
export async function createInstallation(
  defaults: Variables = {},
  {
    form = "bundle",
    mount,
    isNew = mount !== undefined,
    keepsCommandLine = false,
    isOnTestServer = false,
  }: InstallationOptions = {},
): Promise<Installation> {
  const folder = await makeTemporaryFolder("latchkey-process-");
  const dataDir = join(folder, "data");
  const disk = await mount?.(dataDir);
  const database = isOnTestServer ? await createTestDatabase() : null;
  const elsewhere = database && { DATABASE_URL: toDatabaseUrl(database.connection), LATCHKEY_SECRET: testSecret };
  if (!isNew && !database && defaults.DATABASE_URL === undefined) await copyDataFolder(dataDir);
  const programs: Program[] = [];
  const kept = keepsCommandLine ? keepCommandLine() : null;
  const common = { LATCHKEY_DATA_DIR: dataDir, PORT: "0", PASSWORD_COST: "10", ...elsewhere, ...defaults };

  function open(entry: Entry, args: readonly string[], { input, variables, form }: RunOptions = {}): Program {
    const options = { folder, form, variables: { ...common, ...variables }, ...(input !== undefined && { input }) };
    const program = launch(entry, args, options);
    programs.push(program);
    return program;
  }

  return {
    dataDir,
    writeFile: (name, text) => writeFile(join(folder, name), text),
    launch: (variables = {}) => open("main", [], { variables, form }),
    start: async (variables = {}, ofForm = form) => toService(open("main", [], { variables, form: ofForm })),
    launchCommand: (args, options) => open("cli", args, options),
    run(args, options = {}) {
      const { input = "", variables, isApart = false } = options;
      if (!kept || isApart) return open("cli", args, options).outcome;
      const { PATH = "", HOME = "" } = process.env;
      return kept.run({ args, input, folder, variables: { PATH, HOME, ...common, ...variables } });
    },
    findPostgres: () => findPostgres(dataDir),
    findConnection: () => readConnection(dataDir),
    query: async (text) => (database ? database.query(text) : queryOnce(await readConnection(dataDir), text)),
    async [Symbol.asyncDispose]() {
      for (const program of programs) if (program.isRunning()) program.signalGroup("SIGKILL");
      await Promise.all(programs.map((program) => program.outcome));
      await kept?.[Symbol.asyncDispose]();
      await killPostgres(dataDir);
      await disk?.[Symbol.asyncDispose]();
      await database?.[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    },
  };
}

async function toService(program: Program): Promise<Service> {
  const { url } = await program.untilLogged("listening");
  const stop = (signal: NodeJS.Signals = "SIGTERM") => {
    program.signal(signal);
    return program.outcome;
  };
  return { ...program, url: String(url), stop };
}

async function readLockFile(dataDir: string): Promise<string[] | undefined> {
  const text = await readFile(join(dataDir, "postgres", "data", "postmaster.pid"), "utf8").catch(() => undefined);
  return text?.split("\n");
}

/** The process of the embedded PostgreSQL of a data folder, or undefined when none runs. */
export async function findPostgres(dataDir: string): Promise<number | undefined> {
  const pid = Number((await readLockFile(dataDir))?.[0]);
  return pid > 0 && (await isRunning(pid)) ? pid : undefined;
}

/** A process that has ended but that nobody has waited for does not count. */
export async function isRunning(pid: number): Promise<boolean> {
  const state = await readState(pid);
  return state !== "" && !state.startsWith("Z");
}

/** A letter for what a process does, or nothing where there is none. Who waits for its end asks again and again, so that no program is started for it. */
async function readState(pid: number): Promise<string> {
  if (process.platform !== "linux") {
    const ps = promisify(execFile)("ps", ["-o", "stat=", "-p", String(pid)]);
    return ps.then(({ stdout }) => stdout.trim()).catch(() => "");
  }
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  return stat.slice(stat.lastIndexOf(")") + 1).trim();
}

export async function killPostgres(dataDir: string): Promise<void> {
  const pid = await findPostgres(dataDir);
  if (pid === undefined) return;
  // It ends at once and, unlike after SIGKILL, takes its shared memory with it; one that was stopped has to wake up for that.
  for (const signal of ["SIGQUIT", "SIGCONT"] as const) process.kill(pid, signal);
  await until(async () => !(await isRunning(pid)));
}

async function readConnection(dataDir: string): Promise<pg.ClientConfig> {
  const port = Number((await readLockFile(dataDir))?.[3]);
  const password = (await readFile(join(dataDir, "postgres", "password"), "utf8")).trim();
  return { host: "127.0.0.1", port, user: "latchkey", password, database: "latchkey" };
}
