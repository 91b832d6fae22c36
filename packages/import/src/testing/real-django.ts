import { spawn, spawnSync } from "node:child_process";
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { findFreePort } from "./free-port.ts";

/** Debian's, for which its python3-django is. */
const python = "/usr/bin/python3";
const backend = fileURLToPath(new URL("old_backend.py", import.meta.url));

/** Whether modules of Python are at hand; where not, it is said which tests are skipped for it. */
export function hasModules(...modules: readonly string[]): boolean {
  const isThere = spawnSync(python, ["-c", `import ${modules.join(", ")}`]).status === 0;
  if (!isThere) console.warn(`${modules.join(", ")} is missing for ${python}: tests with it are skipped.`);
  return isThere;
}

/** Runs a command of the old backend to its end, and answers what it prints, a line each. `database` is as `old_backend.py` takes it. */
export async function runBackend(
  database: string,
  command: "make" | "sign-in" | "sql" | "change",
  input: readonly (object | string)[],
  env: NodeJS.ProcessEnv = {},
): Promise<string[]> {
  const child = spawn(python, [backend, database, command], { env: { ...process.env, ...env } });
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const [output, errors] = [text(child.stdout), text(child.stderr)];
  child.stdin.end(input.map((line) => `${typeof line === "string" ? line : JSON.stringify(line)}\n`).join(""));
  if ((await ended) !== 0) throw new Error(`The old backend failed: ${await errors}`);
  return (await output).split("\n").filter(Boolean);
}

/** A Django that serves, until it is disposed of. */
export interface RunningBackend extends AsyncDisposable {
  readonly url: string;
}

/** Serves the old backend on a free port of this machine. */
export async function serveBackend(
  database: string,
  secretKey: string,
  env: NodeJS.ProcessEnv = {},
): Promise<RunningBackend> {
  const port = await findFreePort();
  const child = spawn(python, [backend, database, "serve", String(port)], {
    env: { ...process.env, ...env, SECRET_KEY: secretKey },
    stdio: "ignore",
  });
  const ended = new Promise((resolve) => child.once("close", resolve));
  const url = `http://127.0.0.1:${port}`;
  while (child.exitCode === null && !(await answers(url))) await delay(50);
  if (child.exitCode !== null) throw new Error("The old backend does not start.");
  return {
    url,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

const answers = (url: string) =>
  fetch(`${url}/me`).then(
    () => true,
    () => false,
  );
