import { defineConfig } from "vitest/config";

/**
 * `pnpm test:long`: what takes too long for every run, one file after the other. A file whose name ends with `.long.test.ts` is run
 * here only; the others have a long form, and a short one in the ordinary run.
 */
export default defineConfig({
  test: {
    globalSetup: ["@latchkey/auth/testing/global-setup", "./src/processes/bundle.ts", "./src/once-a-run.ts"],
    include: [
      "src/**/*.long.test.ts",
      "src/faults/**/*.test.ts",
      "src/http/enumeration.test.ts",
      "src/permissions/large-lists.test.ts",
      "src/regression/administrative-pairs.test.ts",
      "src/regression/long-history.test.ts",
      "src/sessions/refresh-trials.test.ts",
      "src/sessions/simulator.test.ts",
    ],
    env: { LATCHKEY_LONG: "1", LATCHKEY_FAULTS: "long", LATCHKEY_SAMPLES: "200" },
    fileParallelism: false,
    testTimeout: 1_800_000,
    hookTimeout: 600_000,
  },
});
