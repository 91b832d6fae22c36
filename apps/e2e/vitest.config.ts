import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    globalSetup: ["@latchkey/auth/testing/global-setup", "./src/processes/bundle.ts"],
    isolate: false,
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
