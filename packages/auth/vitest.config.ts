import { configDefaults, defineConfig } from "vitest/config";
import { patience, server, tags } from "../../vitest.base.ts";

export default defineConfig({
  test: {
    server,
    tags,
    expect: patience,
    globalSetup: "./src/testing/global-setup.ts",
    // These are run by `pnpm test:long`.
    exclude: [...configDefaults.exclude, "**/*.long.test.ts"],
    isolate: false,
    // Many tests wait for PostgreSQL: with one worker less, which is usual, a core would rest at the end of the whole run.
    maxWorkers: "100%",
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
