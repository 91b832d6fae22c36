import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { vi } from "vitest";
import { type Entry, locate } from "./bundle.ts";

export type Variables = Readonly<Record<string, string>>;

/** What a process ended with. */
export interface Outcome {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A process of the service or of the command line, which leads a process group of its own, as below a terminal. */
export interface Program {
  readonly pid: number;
  readonly outcome: Promise<Outcome>;
  stdout(): string;
  stderr(): string;
  /** The lines of the log so far. */
  log(): readonly Record<string, unknown>[];
  isRunning(): boolean;
  signal(signal: NodeJS.Signals): void;
  /** What a terminal does: the signal reaches every process of the group. */
  signalGroup(signal: NodeJS.Signals): void;
  /** Resolves once it has logged this message, and answers that line. */
  untilLogged(message: string): Promise<Record<string, unknown>>;
}

export interface LaunchOptions {
  readonly variables: Variables;
  readonly folder: string;
  readonly input?: string;
  /** As `pnpm start` runs it, in place of the bundle. */
  readonly form?: "bundle" | "sources" | undefined;
  /** Another Node.js than the one that runs the tests. */
  readonly node?: string | undefined;
}

/** Long enough for a small machine that is very busy with something else, and less than a test may take. */
const timeLimit = { timeout: 100_000, interval: 10 };

/** Resolves as soon as the condition holds, for what no event tells. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  await vi.waitUntil(condition, timeLimit);
}

/** Compiling it all at every start takes longer than most of these tests. */
export const compileCache = fileURLToPath(new URL("../../node_modules/.cache/compiled", import.meta.url));

/** Starts `main` or `cli` of the service. */
export const launch = (entry: Entry, args: readonly string[], options: LaunchOptions): Program =>
  launchScript(locate(entry, options.form), args, options);

/** Starts a script with nothing of this process's environment but where programs are. */
export function launchScript(
  script: string,
  args: readonly string[],
  { folder, variables, input = "", node = process.execPath }: Omit<LaunchOptions, "form">,
): Program {
  const { PATH = "", HOME = "", TMPDIR = "" } = process.env;
  const child = spawn(node, [script, ...args], {
    cwd: folder,
    env: { PATH, HOME, TMPDIR, NODE_COMPILE_CACHE: compileCache, ...variables },
    detached: true,
    stdio: "pipe",
  });
  child.stdin.on("error", () => {}).end(input);
  return watch(child);
}

/** Follows what a process writes, and its end. */
export function watch(child: ChildProcess): Program {
  const stdout = collect(child.stdout);
  const stderr = collect(child.stderr);
  const { pid = 0 } = child;
  const outcome = new Promise<Outcome>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code, signal, stdout: stdout(), stderr: stderr() }));
  });
  const isRunning = () => child.exitCode === null && child.signalCode === null;
  const log = () => parseLines(stdout());
  return {
    pid,
    outcome,
    stdout,
    stderr,
    log,
    isRunning,
    signal: (signal) => void child.kill(signal),
    signalGroup: (signal) => void process.kill(-pid, signal),
    async untilLogged(message) {
      const find = () => log().find((line) => line.msg === message);
      await until(() => find() !== undefined || !isRunning());
      const line = find();
      if (!line) throw new Error(`ended without logging "${message}": ${(await outcome).stderr}`);
      return line;
    },
  };
}

function collect(stream: NodeJS.ReadableStream | null): () => string {
  let text = "";
  stream?.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  return () => text;
}

/** Throws at a line that is not JSON; one that has not ended yet is left out. */
function parseLines(text: string): Record<string, unknown>[] {
  return text
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line));
}
