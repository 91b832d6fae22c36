import { readdir, readFile } from "node:fs/promises";
import { getPriority, platform } from "node:os";
import { expect, test } from "vitest";
import { lowerThreadPoolPriority } from "./thread-pool-priority.ts";

test.runIf(platform() === "linux")(
  "the threads that hash give way, and the one that answers calls does not",
  async () => {
    await lowerThreadPoolPriority();

    const threads = await readdir("/proc/self/task");
    const named = await Promise.all(
      threads.map(async (thread) => {
        const name = (await readFile(`/proc/self/task/${thread}/comm`, "utf8")).trim();
        return { name, priority: getPriority(Number(thread)) };
      }),
    );
    const hashing = named.filter(({ name }) => name === "libuv-worker");
    expect(hashing.length).toBeGreaterThan(0);
    expect(hashing.map(({ priority }) => priority)).toEqual(hashing.map(() => 10));
    expect(named.filter(({ name, priority }) => name !== "libuv-worker" && priority !== getPriority())).toEqual([]);
  },
);
