import { defineConfig } from "vitest/config";

/** `pnpm faults`: every fault at its full length, one after the other. */
export default defineConfig({
  test: {
    globalSetup: "@latchkey/auth/testing/global-setup",
    include: ["src/faults/**/*.test.ts"],
    env: { LATCHKEY_FAULTS: "long" },
    fileParallelism: false,
    testTimeout: 1_800_000,
    hookTimeout: 120_000,
  },
});
