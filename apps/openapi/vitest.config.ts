import { configDefaults, defineConfig } from "vitest/config";
import { server } from "../../vitest.base.ts";

export default defineConfig({
  test: {
    server,
    globalSetup: ["@latchkey/auth/testing/global-setup"],
    // These are run by `pnpm test:long`.
    exclude: [...configDefaults.exclude, "**/*.long.test.ts"],
    isolate: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
