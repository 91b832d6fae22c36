import { execFile } from "node:child_process";
import { mkdir, open, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A small disk below a folder, which can be filled. */
export interface SmallDisk extends AsyncDisposable {
  /** Leaves no room for another byte. */
  fill(): Promise<void>;
  /** Takes away what filled it. */
  empty(): Promise<void>;
}

/** Why a disk cannot be mounted here, or null when it can: that takes Linux, and the right to mount (CAP_SYS_ADMIN). */
export async function findObstacle(): Promise<string | null> {
  if (process.platform !== "linux") return "only Linux has tmpfs";
  const [, effective = "0"] = /^CapEff:\s*([0-9a-f]+)$/m.exec(await readFile("/proc/self/status", "utf8")) ?? [];
  const mayMount = (BigInt(`0x${effective}`) >> 21n) & 1n;
  return mayMount ? null : "this process may not mount a disk (CAP_SYS_ADMIN)";
}

/** @param megabytes of its size */
export async function mountSmallDisk(folder: string, megabytes: number): Promise<SmallDisk> {
  await mkdir(folder, { recursive: true });
  await run("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m`, "latchkey-test", folder]);
  const ballast = join(folder, ".ballast");
  return {
    fill: () => fill(ballast),
    empty: () => rm(ballast, { force: true }),
    async [Symbol.asyncDispose]() {
      await run("umount", [folder]);
    },
  };
}

async function fill(path: string): Promise<void> {
  const file = await open(path, "a");
  const block = Buffer.alloc(4_096);
  try {
    for (;;) await file.write(block);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOSPC")) throw error;
  } finally {
    await file.close();
  }
}
