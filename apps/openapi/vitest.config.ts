import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    globalSetup: ["@latchkey/auth/testing/global-setup"],
    isolate: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
