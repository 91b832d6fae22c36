import { readdir, readFile } from "node:fs/promises";
import { setPriority } from "node:os";

/** Of -20 to 19, as of `nice`: about a tenth of the weight of an ordinary thread when both want the same core. */
const priority = 10;

/**
 * Lets password hashes give way. They run in libuv's thread pool, and on Linux its threads are told to leave the cores to whoever
 * else wants them: the thread that answers calls, and PostgreSQL. While nobody does, hashes are as fast as ever. Elsewhere, and
 * where the system does not allow it, everything stays as it is.
 */
export async function lowerThreadPoolPriority(): Promise<void> {
  try {
    // Reading the folder is work for the pool, which starts all of its threads with the first.
    for (const thread of await readdir("/proc/self/task")) {
      const name = await readFile(`/proc/self/task/${thread}/comm`, "utf8");
      if (name.trim() === poolThread) setPriority(Number(thread), priority);
    }
  } catch {
    // A thread has ended meanwhile, or there is no such folder: nobody is worse off than before.
  }
}

const poolThread = "libuv-worker";
