import { existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { makeTemporaryFolder } from "@latchkey/embedded-postgres/testing";
import { vi } from "vitest";

/** Vitest's global setup: a folder for what {@link onceARun} makes, which test files find through the environment. */
export default async function setup(): Promise<() => Promise<void>> {
  const folder = await makeTemporaryFolder("latchkey-run-");
  process.env.LATCHKEY_RUN_FOLDER = folder;
  return () => rm(folder, { recursive: true, force: true });
}

/** Longer than anything takes that is made here. */
const timeout = 110_000;

/**
 * A file or a folder that is made once in a run of tests, by the first who asks for it in whatever process; the others wait until it is
 * there.
 *
 * @param make puts it at the path that it is handed
 */
export async function onceARun(name: string, make: (path: string) => Promise<void>): Promise<string> {
  const { LATCHKEY_RUN_FOLDER: folder = "" } = process.env;
  const [path, claim] = [join(folder, name), join(folder, `making-${name}`)];
  if (await isFirst(claim)) {
    await makeWhole(join(claim, name), path, make).catch(async (error) => {
      await rm(claim, { recursive: true, force: true });
      throw error;
    });
  }
  await vi.waitUntil(() => existsSync(path) || !existsSync(claim), { timeout, interval: 20 });
  return existsSync(path) ? path : onceARun(name, make);
}

/** A folder can be made once, whoever tries at the same moment. */
function isFirst(claim: string): Promise<boolean> {
  return mkdir(claim).then(
    () => true,
    () => false,
  );
}

async function makeWhole(aside: string, path: string, make: (path: string) => Promise<void>): Promise<void> {
  await make(aside);
  await rename(aside, path);
}
