import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Answers, Reply } from "./answer-parent.ts";

export interface ProcessOptions {
  readonly variables?: Readonly<Record<string, string>>;
  /** Flags of Node. */
  readonly flags?: readonly string[];
  /** The cores that it may run on; all by default. Needs `taskset`. */
  readonly cores?: readonly number[];
}

/** A process of the bench's own, which answers questions. */
export interface Child<A extends Answers> {
  ask<Name extends keyof A & string>(name: Name, input: Parameters<A[Name]>[0]): Promise<Awaited<ReturnType<A[Name]>>>;
  /** Resolves when it is gone. */
  stop(): Promise<void>;
}

/** Processes that end together. One whose parent is killed ends by itself. */
export class Processes {
  readonly #running = new Set<ChildProcess>();

  /** Starts a file of `apps/bench/src` on this Node, and resolves when it answers. */
  async start<A extends Answers>(file: string, options: ProcessOptions = {}): Promise<Child<A>> {
    const child = spawnNode(fileURLToPath(new URL(`../${file}`, import.meta.url)), options);
    this.#running.add(child);
    child.once("exit", () => this.#running.delete(child));
    const conversation = converse(child, file);
    await conversation.ready;
    return { ask: (name, input) => conversation.ask(name, input), stop: () => stop(child) };
  }

  async stopAll(): Promise<void> {
    await Promise.all([...this.#running].map(stop));
  }
}

/** What a process of the bench is given of the environment: where programs are, and where to keep compiled code. */
export function plainEnvironment(): Record<string, string> {
  const names = ["PATH", "HOME", "TMPDIR", "NODE_COMPILE_CACHE"];
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}

function spawnNode(path: string, { variables = {}, flags = [], cores }: ProcessOptions): ChildProcess {
  const command = [process.execPath, ...flags, path];
  const [program = "", ...args] = cores ? ["taskset", "--cpu-list", cores.join(","), ...command] : command;
  // What the service logs is made and written as always, and thrown away.
  return spawn(program, args, {
    env: { ...plainEnvironment(), ...variables },
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
}

/** Gently, and after ten seconds by force. */
async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), 10_000);
  await ended;
  clearTimeout(timer);
}

function converse(child: ChildProcess, file: string) {
  const pending = new Map<number, PromiseWithResolvers<unknown>>();
  let lastId = 0;

  child.on("message", (reply: Reply) => {
    const waiting = pending.get(reply.id);
    pending.delete(reply.id);
    if ("failure" in reply) waiting?.reject(new Error(`${file}: ${reply.failure}`));
    else waiting?.resolve(reply.answer);
  });
  const giveUp = (reason: string) => {
    for (const { reject } of pending.values()) reject(new Error(`${file} ${reason}`));
    pending.clear();
  };
  child.on("error", (error) => giveUp(error.message));
  child.on("exit", (code, signal) => giveUp(`ended with ${signal ?? code}`));

  const wait = (id: number) => {
    const waiting = Promise.withResolvers<unknown>();
    pending.set(id, waiting);
    return waiting.promise;
  };
  return {
    /** The first message, which nobody asked for. */
    ready: wait(0),
    ask<Answer>(name: string, input: unknown): Promise<Answer> {
      const id = ++lastId;
      child.send({ id, name, input });
      return wait(id) as Promise<Answer>;
    },
  };
}
