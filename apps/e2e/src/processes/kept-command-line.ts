import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { locate } from "./bundle.ts";
import { compileCache, type Outcome, type Variables } from "./service-process.ts";

/** A command to run, with all of its environment. */
export interface Order {
  readonly args: readonly string[];
  readonly input: string;
  readonly variables: Variables;
  /** Where it runs. */
  readonly folder: string;
}

/** The command line in a process that stays, so that only the first command waits until it is loaded. */
export interface KeptCommandLine extends AsyncDisposable {
  /** Runs one after the other, each with the standard streams, the environment and the exit code of a process of its own. */
  run(order: Order): Promise<Outcome>;
}

const runner = fileURLToPath(new URL("command-runner.ts", import.meta.url));

/** One for all files of this test process. */
let shared: ChildProcess | undefined;
let last: Promise<unknown> = Promise.resolve();

export function keepCommandLine(): KeptCommandLine {
  let unfinished = 0;
  return {
    run(order) {
      unfinished += 1;
      const outcome = last.then(() => runNext(order)).finally(() => (unfinished -= 1));
      last = outcome.catch(() => {});
      return outcome;
    },
    async [Symbol.asyncDispose]() {
      // Nobody waits for it any more, and it may never end.
      if (unfinished > 0) shared?.kill();
      await last;
    },
  };
}

async function runNext(order: Order): Promise<Outcome> {
  shared ??= startRunner();
  const child = shared;
  const over = new AbortController();
  const answered = once(child, "message", { signal: over.signal });
  const ended = once(child, "exit", { signal: over.signal }).then(() => {
    throw new Error("The process that runs the commands has ended");
  });
  for (const either of [answered, ended]) either.catch(() => {});
  child.send(order);
  try {
    const [outcome] = await Promise.race([answered, ended]);
    return outcome;
  } finally {
    over.abort();
  }
}

function startRunner(): ChildProcess {
  const child = fork(runner, [locate("cli")], {
    ...{ env: { NODE_COMPILE_CACHE: compileCache }, execArgv: [] },
    serialization: "advanced",
  });
  child.once("exit", () => {
    if (shared === child) shared = undefined;
  });
  // It ends with this process, which does not wait for it.
  child.unref();
  child.channel?.unref();
  return child;
}
