import { execFile } from "node:child_process";
import { chmod, cp, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { makeTemporaryFolder } from "@latchkey/embedded-postgres/testing";
import { onceARun } from "../once-a-run.ts";

const api = fileURLToPath(new URL("../../../api/", import.meta.url));

/**
 * Builds the service once in a run of tests, and puts the build where nothing of the workspace is near. Answers the folder, which everybody may
 * read.
 */
export async function buildService(): Promise<string> {
  const built = await onceARun("service", async (path) => {
    await promisify(execFile)(process.execPath, [join(api, "scripts/build.ts")]);
    await cp(join(api, "dist/service"), path, { recursive: true });
  });
  const folder = await makeTemporaryFolder("latchkey-build-");
  await chmod(folder, 0o755);
  await cp(built, folder, { recursive: true });
  return folder;
}

/** All files below a folder, with their sizes in bytes. */
export async function listFiles(folder: string): Promise<{ path: string; size: number }[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => !entry.isDirectory()).map(({ parentPath, name }) => join(parentPath, name));
  return Promise.all(files.map(async (path) => ({ path, size: (await stat(path)).size })));
}
