import { configDefaults, defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    globalSetup: ["@latchkey/auth/testing/global-setup", "./src/processes/bundle.ts", "./src/once-a-run.ts"],
    // These are run by `pnpm test:long`.
    exclude: [...configDefaults.exclude, "**/*.long.test.ts"],
    isolate: false,
    // One core would rest otherwise, on a machine of two, once the other packages are through.
    maxWorkers: "100%",
    // These find what hangs, and promise nothing: the machine may be busy with something else.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 30_000 } },
  },
});
