import { configDefaults, defineConfig } from "vitest/config";
import { server, tags } from "../../vitest.base.ts";

export default defineConfig({
  test: {
    server,
    tags,
    globalSetup: ["@latchkey/auth/testing/global-setup"],
    // These are run by `pnpm test:long`.
    exclude: [...configDefaults.exclude, "**/*.long.test.ts"],
    isolate: false,
    // The core is tested beside it, and waits for PostgreSQL as often.
    maxWorkers: "100%",
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
