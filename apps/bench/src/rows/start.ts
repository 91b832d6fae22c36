import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { interleave } from "../interleave.ts";
import { compare } from "../measurement.ts";
import { plainEnvironment } from "../processes/processes.ts";
import { databaseUrl } from "../service/service.ts";
import type { Row } from "./row.ts";

const main = fileURLToPath(import.meta.resolve("@latchkey/api/main"));

/** From nothing to the first answer, on a database that is up to date, against Node printing a line. */
export const start: Row = {
  name: "start",
  async measure(bench) {
    const { connection } = await bench.places.everyday();
    const variables = { PORT: "0", DATABASE_URL: databaseUrl(connection), LATCHKEY_SECRET: bench.secret };
    const figures = await interleave(bench.sizes.starts, {
      measured: () => timeUntil([main], variables, answersOnce),
      reference: () => timeUntil(["--eval", 'console.log("a line")'], {}, async () => true),
    });
    const what = "start to first answer, migrated database, against bare node printing a line";
    return [compare({ row: "start", what, unit: "ms", target: null }, figures, (figure) => figure)];
  },
};

/** Milliseconds until what Node prints is what was waited for; then the process is ended. */
async function timeUntil(
  args: readonly string[],
  variables: Readonly<Record<string, string>>,
  isDone: (line: string) => Promise<boolean>,
): Promise<number> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, args, {
    env: { ...plainEnvironment(), NODE_ENV: "production", MIGRATE: "auto", ...variables },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise((resolve) => child.once("close", resolve));
  try {
    await untilPrinted(child, isDone);
    return performance.now() - startedAt;
  } finally {
    child.kill("SIGKILL");
    await ended;
  }
}

async function untilPrinted({ stdout }: ChildProcess, isDone: (line: string) => Promise<boolean>): Promise<void> {
  if (!stdout) throw new Error("There is no output");
  for await (const line of createInterface({ input: stdout })) if (await isDone(line)) return;
  throw new Error("The process ended before it was done");
}

async function answersOnce(line: string): Promise<boolean> {
  const { msg, url } = JSON.parse(line) as { msg?: string; url?: string };
  if (msg !== "listening") return false;
  const response = await fetch(`${url}/readyz`);
  await response.body?.cancel();
  return response.ok;
}
