import { fork } from "node:child_process";
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

export function keepCommandLine(): KeptCommandLine {
  const child = fork(runner, [locate("cli")], {
    ...{ env: { NODE_COMPILE_CACHE: compileCache }, execArgv: [] },
    serialization: "advanced",
  });
  const ended = once(child, "exit").then(() => {
    throw new Error("The process that runs the commands has ended");
  });
  ended.catch(() => {});
  let last: Promise<unknown> = Promise.resolve();
  async function runNext(order: Order): Promise<Outcome> {
    const answered = once(child, "message");
    child.send(order);
    const [outcome] = await Promise.race([answered, ended]);
    return outcome;
  }
  return {
    run(order) {
      const outcome = last.then(() => runNext(order));
      last = outcome.catch(() => {});
      return outcome;
    },
    async [Symbol.asyncDispose]() {
      child.kill();
      await ended.catch(() => {});
    },
  };
}
