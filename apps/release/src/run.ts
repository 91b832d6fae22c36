import { spawn } from "node:child_process";
import { once } from "node:events";
import { basename } from "node:path";

/** Runs a program in a folder, its output in the terminal. Throws when it fails. */
export async function run(command: string, words: readonly string[], cwd: string): Promise<void> {
  // Standard output is for what the packing program prints there: the name of its tarball.
  const child = spawn(command, words, { cwd, stdio: ["ignore", process.stderr, process.stderr] });
  const [code] = await once(child, "exit");
  if (code !== 0) throw new Error(`${command} ${words.join(" ")} failed in ${cwd}`);
}

/** The pnpm that runs this, or else the one that npm has or fetches. */
export function findPnpm(): [command: string, ...words: string[]] {
  const { npm_execpath: running = "" } = process.env;
  return /^pnpm(\.c?js|\.exe)?$/.test(basename(running)) ? [running] : ["npx", "-y", "pnpm@12"];
}

/** Runs pnpm. */
export function pnpm(words: readonly string[], cwd: string): Promise<void> {
  const [command, ...first] = findPnpm();
  return run(command, [...first, ...words], cwd);
}

/** Whether pnpm started the script that this process runs, directly or not. */
export const isRunByPnpm = (): boolean => (process.env.npm_config_user_agent ?? "").startsWith("pnpm/");
