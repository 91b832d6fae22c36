import { Readable } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import type { Order } from "./kept-command-line.ts";
import type { Outcome } from "./service-process.ts";

/** `node command-runner.ts <cli>`: runs the command line as often as it is told to, each time as if the process had just begun. */
const [, , cli = ""] = process.argv;

const { exit } = process;
process.once("disconnect", () => exit());

let count = 0;

process.on("message", async (order: Order) => {
  process.send?.(await run(order));
});

async function run({ args, input, variables, folder }: Order): Promise<Outcome> {
  process.chdir(folder);
  process.env = { ...variables };
  process.argv = [process.execPath, cli, ...args];
  process.exitCode = undefined;
  Object.defineProperty(process, "stdin", { value: Readable.from([Buffer.from(input)]), configurable: true });
  const written = { stdout: "", stderr: "" };
  let code: number | undefined;
  for (const name of ["stdout", "stderr"] as const) {
    process[name].removeAllListeners("error");
    process[name].write = (text: string | Uint8Array) => {
      if (code === undefined) written[name] += String(text);
      return true;
    };
  }
  process.exit = (given) => {
    code ??= Number(given ?? process.exitCode ?? 0);
    throw new Error("nothing goes on after an exit");
  };
  count += 1;
  try {
    // Only this module is another one each time: what it imports is loaded once.
    await import(`${cli}?${count}`);
    code ??= Number(process.exitCode ?? 0);
  } catch (error) {
    written.stderr += code === undefined ? String(error) : "";
    code ??= 1;
  }
  process.removeAllListeners("SIGINT");
  if (await leavesConnections()) return { code: null, signal: null, stdout: "", stderr: "It left connections open." };
  return { code, signal: null, ...written };
}

/** Whether something is open after a while that would keep a process of its own from ending. */
async function leavesConnections(): Promise<boolean> {
  const isOpen = () => process.getActiveResourcesInfo().includes("TCPSocketWrap");
  for (let tries = 0; isOpen() && tries < 500; tries += 1) await pause(10);
  return isOpen();
}
