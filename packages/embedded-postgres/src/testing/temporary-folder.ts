import { access, constants, mkdtemp, statfs } from "node:fs/promises";
import { freemem, tmpdir } from "node:os";
import { join } from "node:path";

/** Linux's file system in memory. */
const memory = "/dev/shm";

/** Bytes; all that the tests have there at one time is about a third of it. */
const enough = 1024 ** 3;

/**
 * Makes a folder for files that a test throws away again: in memory where the machine has room, else where the system keeps
 * temporary files. A database is several hundred files, and making those costs ten times as much on a disk.
 */
export async function makeTemporaryFolder(prefix: string): Promise<string> {
  return mkdtemp(join((await hasRoomInMemory()) ? memory : tmpdir(), prefix));
}

async function hasRoomInMemory(): Promise<boolean> {
  try {
    await access(memory, constants.W_OK | constants.X_OK);
    const { bavail, bsize } = await statfs(memory);
    return Math.min(bavail * bsize, freemem()) > enough;
  } catch {
    return false;
  }
}
