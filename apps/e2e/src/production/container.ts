import { execFile, execFileSync, spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { type Program, until, type Variables, watch } from "../processes/service-process.ts";

/** A program as a container runs it. */
export interface Contained extends Program {
  /** Its process as this system counts; in its own namespace it is 1. */
  readonly innerPid: number;
  /** Runs a program of Node's where it can reach the contained one's loopback, and answers what it prints. */
  call(program: string): Promise<string>;
}

const namespaces = ["--pid", "--fork", "--mount", "--net", "--ipc", "--kill-child"];

/** Takes away what a container does not have, and becomes the program, whose process keeps the number 1. */
const setUp = `
set -e
mount --make-rprivate /
mount -t proc proc /proc
mount -o remount,ro,bind /
if touch "$PROBE" 2>/dev/null; then echo "the root can be written" >&2; exit 99; fi
ip link set lo up
cd /
exec setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set -all --no-new-privs env -i "$@"`;

/** Whether this system lets us make namespaces, and a root that nobody writes to. */
export function canContain(): boolean {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return false;
  try {
    const probe = ["sh", "-c", setUp, "probe", "true"];
    execFileSync("unshare", [...namespaces, ...probe], { env: { ...process.env, PROBE: probeFile }, stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

const probeFile = "/tmp/.latchkey-probe";

/** Runs a script of Node's as process 1, as uid 65534, with a root to read only, no network, and no variables but these. */
export async function contain(script: string, variables: Variables): Promise<Contained> {
  const words = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
  const command = ["sh", "-c", setUp, "contained", ...words, process.execPath, script];
  const env = { PATH: process.env.PATH, PROBE: probeFile };
  const child = spawn("unshare", [...namespaces, ...command], { env, stdio: "pipe" });
  const program = watch(child);
  const readChild = async () =>
    Number(await readFile(`/proc/${child.pid}/task/${child.pid}/children`, "utf8").catch(() => 0));
  await until(async () => (await readChild()) > 0 || !program.isRunning());
  const innerPid = await readChild();
  return {
    ...program,
    innerPid,
    signal: (signal) => void process.kill(innerPid, signal),
    async call(text) {
      const node = [process.execPath, "--input-type=module", "--eval", text];
      return (await promisify(execFile)("nsenter", ["--target", String(innerPid), "--net", ...node])).stdout;
    },
  };
}
