import { availableParallelism } from "node:os";
import { configDefaults, defineConfig } from "vitest/config";
import { patience, server, tags } from "../../vitest.base.ts";
import { LongestFirst } from "./src/longest-first.ts";

export default defineConfig({
  test: {
    server,
    tags,
    globalSetup: ["@latchkey/auth/testing/global-setup", "./src/processes/bundle.ts", "./src/once-a-run.ts"],
    // These are run by `pnpm test:long`.
    exclude: [...configDefaults.exclude, "**/*.long.test.ts"],
    isolate: false,
    // Much of it waits for processes and browsers: a core would rest otherwise, once the other packages are through.
    maxWorkers: Math.ceil(availableParallelism() * 1.5),
    sequence: { sequencer: LongestFirst },
    // These find what hangs, and promise nothing: the machine may be busy with something else.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: patience,
  },
});
