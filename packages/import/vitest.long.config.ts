import { configDefaults, defineConfig } from "vitest/config";
import { longCases, server } from "../../vitest.base.ts";

/** What measures a speed: nothing else is run meanwhile. */
const timed = ["src/import-speed.long.test.ts"];

const all = { server, testTimeout: 900_000, hookTimeout: 300_000 };

/** The share of `pnpm test:long` of this package. */
export default defineConfig({
  test: {
    globalSetup: ["@latchkey/auth/testing/global-setup"],
    projects: [
      {
        test: {
          ...all,
          name: "two at a time",
          include: ["src/**/*.long.test.ts"],
          exclude: [...configDefaults.exclude, ...timed],
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      { test: { ...all, ...longCases, isolate: false, maxWorkers: 2, sequence: { groupOrder: 1 } } },
      { test: { ...all, name: "alone", include: timed, maxWorkers: 1, sequence: { groupOrder: 2 } } },
    ],
  },
});
