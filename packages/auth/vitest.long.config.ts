import { defineConfig } from "vitest/config";

/** The core's share of `pnpm test:long`. */
export default defineConfig({
  test: {
    globalSetup: "./src/testing/global-setup.ts",
    include: ["src/**/*.long.test.ts"],
    env: { LATCHKEY_LONG: "1" },
    fileParallelism: false,
    passWithNoTests: true,
    testTimeout: 1_800_000,
    hookTimeout: 600_000,
  },
});
