import { defineConfig } from "vitest/config";

/** The share of `pnpm test:long` of this package. */
export default defineConfig({
  test: {
    globalSetup: ["@latchkey/auth/testing/global-setup"],
    include: ["src/**/*.long.test.ts"],
    fileParallelism: false,
    testTimeout: 1_800_000,
    hookTimeout: 600_000,
  },
});
