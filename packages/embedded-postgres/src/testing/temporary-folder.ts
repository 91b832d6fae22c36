import { access, chmod, constants, mkdtemp, rm, statfs } from "node:fs/promises";
import { freemem, tmpdir } from "node:os";
import { join } from "node:path";

export { isAlive } from "../server.ts";

/** Linux's file system in memory, or a folder of it that a run of tests has for itself. */
const findMemory = () => process.env.LATCHKEY_TEST_MEMORY ?? "/dev/shm";

/** Bytes; all that the tests have there at one time is about a third of it. */
const enough = 1024 ** 3;

/**
 * Makes a folder for files that a test throws away again: in memory where the machine has room, else where the system keeps
 * temporary files. A database is several hundred files, and making those costs ten times as much on a disk.
 */
export async function makeTemporaryFolder(prefix: string): Promise<string> {
  return mkdtemp(join((await hasRoomInMemory()) ? findMemory() : tmpdir(), prefix));
}

/**
 * Has all that is temporary lie in two folders from now on, in memory and on the disk, whoever makes it: this process, or a program that it
 * starts, such as a browser. The answer removes both, whatever has been left in them; for a global setup.
 */
export async function keepTemporaryFoldersTogether(): Promise<() => Promise<void>> {
  const folders = [await makeTemporaryFolder("latchkey-run-"), await mkdtemp(join(tmpdir(), "latchkey-run-"))] as const;
  // As that of the system: servers and helpers run as users of their own.
  for (const folder of folders) await chmod(folder, 0o1777);
  [process.env.LATCHKEY_TEST_MEMORY, process.env.TMPDIR] = folders;
  return async () => {
    for (const folder of folders) await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  };
}

async function hasRoomInMemory(): Promise<boolean> {
  const memory = findMemory();
  try {
    await access(memory, constants.W_OK | constants.X_OK);
    const { bavail, bsize } = await statfs(memory);
    return Math.min(bavail * bsize, freemem()) > enough;
  } catch {
    return false;
  }
}
