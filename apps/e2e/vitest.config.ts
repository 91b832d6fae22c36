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
    // Much of it waits for processes and browsers, so a core would rest with one worker less, which is usual.
    maxWorkers: "100%",
    sequence: { sequencer: LongestFirst },
    // These find what hangs, and promise nothing: the machine may be busy with something else.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: patience,
  },
});
