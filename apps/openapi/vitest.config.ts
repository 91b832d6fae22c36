import { defineConfig } from "vitest/config";
import { server } from "../../vitest.base.ts";

export default defineConfig({
  test: {
    server,
    globalSetup: ["@latchkey/auth/testing/global-setup"],
    isolate: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
