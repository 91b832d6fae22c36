import { configDefaults, defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    globalSetup: "./src/testing/global-setup.ts",
    // These are run by `pnpm test:long`.
    exclude: [...configDefaults.exclude, "**/*.long.test.ts"],
    isolate: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
