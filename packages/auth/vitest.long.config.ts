import { defineConfig } from "vitest/config";
import { longCases, patience, server } from "../../vitest.base.ts";

const all = { server, expect: patience, testTimeout: 1_800_000, hookTimeout: 600_000 };

/** The core's share of `pnpm test:long`: what is measured with nothing else beside it, and what the ordinary run leaves. */
export default defineConfig({
  test: {
    globalSetup: "./src/testing/global-setup.ts",
    projects: [
      {
        test: { ...all, ...longCases, isolate: false, maxWorkers: 2, sequence: { groupOrder: 1 } },
      },
      {
        test: {
          ...all,
          name: "alone",
          include: ["src/**/*.long.test.ts"],
          env: { LATCHKEY_LONG: "1" },
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
