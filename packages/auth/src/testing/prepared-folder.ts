import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, globSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { isAlive } from "@latchkey/embedded-postgres/testing";

const at = (path: string) => fileURLToPath(new URL(`../../../../${path}`, import.meta.url));

const home = at("node_modules/.cache/latchkey-test-server");

/**
 * Fills an empty folder with what `make` puts into one: that is done once for all packages and runs, until anything changes that it could be made
 * from. The others get a copy, which costs a tenth.
 */
export async function fillPrepared(folder: string, make: (folder: string) => Promise<void>): Promise<void> {
  const prepared = join(home, await fingerprintOfSources());
  const claim = `${prepared}.claim`;
  await mkdir(home, { recursive: true });
  while (!existsSync(prepared)) {
    if (await take(claim)) {
      try {
        await make(folder);
        await keep(folder, prepared);
      } finally {
        await rm(claim, { force: true });
      }
      return;
    }
    await sleep(50);
  }
  await copy(folder, prepared);
}

/** Nothing else of what is made here is looked at again: of another tree, or by a machine that has been off and may not have written all of it. */
async function keep(folder: string, prepared: string): Promise<void> {
  const others = (await readdir(home)).map((name) => join(home, name)).filter((path) => !path.startsWith(prepared));
  await Promise.all(others.map((path) => rm(path, { recursive: true, force: true })));
  const aside = `${prepared}.${process.pid}`;
  await mkdir(aside);
  await copy(aside, folder);
  // Somebody may have made it at the same moment, who took this process for a dead one.
  await rename(aside, prepared).catch(() => rm(aside, { recursive: true, force: true }));
}

/** A server's files belong to another user where root runs the tests. */
async function copy(target: string, source: string): Promise<void> {
  await promisify(execFile)("cp", ["-a", `${source}/.`, target]);
}

/** Of several processes, one makes it. A claim of a process that is gone is nobody's. */
async function take(claim: string): Promise<boolean> {
  try {
    await writeFile(claim, String(process.pid), { flag: "wx" });
    return true;
  } catch {
    const pid = Number(await readFile(claim, "utf8").catch(() => ""));
    if (pid > 0 && !isAlive(pid)) await rm(claim, { force: true });
    return false;
  }
}

async function fingerprintOfSources(): Promise<string> {
  const hash = createHash("sha256");
  const sources = globSync("packages/{auth,embedded-postgres}/src/**/*.ts", { cwd: at("") });
  for (const path of [...sources.filter((file) => !file.endsWith(".test.ts")).sort(), "pnpm-lock.yaml"]) {
    hash.update(`${path}\n`).update(await readFile(at(path)));
  }
  const boot = await readFile("/proc/sys/kernel/random/boot_id", "utf8").catch(() => "");
  return hash.update(`${boot}${process.getuid?.()}`).digest("hex").slice(0, 32);
}
