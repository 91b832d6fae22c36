import { configDefaults, defineConfig } from "vitest/config";
import { longCases, patience, server } from "../../vitest.base.ts";
import { LongestFirst } from "./src/longest-first.ts";

/** Files that are run in the ordinary run as well, in short. */
const alsoInShort = [
  "src/faults/**/*.test.ts",
  "src/packaging/{client,verify}-package.test.ts",
  "src/permissions/large-lists.test.ts",
  "src/regression/administrative-pairs.test.ts",
  "src/sessions/refresh-trials.test.ts",
  "src/sessions/simulator.test.ts",
];

/**
 * What measures until it is certain, which it is sooner the less else is run: beside it comes only what waits for most of a minute and a half, and what
 * holds an answer to two seconds.
 */
const measured = ["src/http/enumeration.test.ts", "src/production/idle.long.test.ts", "src/faults/codes.test.ts"];

/**
 * What compares times of one moment with those of another, or holds a call to a part of a second: nothing else is run meanwhile. The others
 * hold the service to seconds at most, and are run beside others in the ordinary run too.
 */
const timed = ["src/production/migrations-under-load.long.test.ts", "src/pages/beginning.long.test.ts"];

/** What takes longest, so that no worker is left alone with it at the end. */
class LongestOfAll extends LongestFirst {
  protected override readonly longest = [
    "pages/look.long.test.ts",
    "faults/message-receipts.test.ts",
    "production/build.long.test.ts",
    "sessions/simulator.test.ts",
    "mounted/next.long.test.ts",
    "console/look.long.test.ts",
    "regression/administrative-pairs.test.ts",
    "production/patroni.long.test.ts",
    "packaging/mounted-package.long.test.ts",
    "regression/long-history.long.test.ts",
    "faults/migration.test.ts",
    "faults/postgres.test.ts",
    "faults/kill.test.ts",
    "console/million.long.test.ts",
    "permissions/large-lists.test.ts",
    "processes/debian-postgres.long.test.ts",
    "examples/next.long.test.ts",
    "http/enumeration.test.ts",
    "production/idle.long.test.ts",
  ];
}

const all = {
  server,
  env: { LATCHKEY_LONG: "1", LATCHKEY_FAULTS: "long", LATCHKEY_SAMPLES: "200" },
  tags: [{ name: "long" }],
  isolate: false,
  // These find what hangs, before whoever runs it all gives up.
  testTimeout: 900_000,
  hookTimeout: 300_000,
  expect: patience,
};

/**
 * `pnpm test:long`: what takes too long for every run. A file whose name ends with `.long.test.ts` is run here only; the others have a
 * long form, and a short one in the ordinary run. Three files are run at once on two cores, since much of it waits for processes, locks and
 * browsers, and afterwards those that a busy machine could fail, one after the other.
 */
export default defineConfig({
  test: {
    globalSetup: ["@latchkey/auth/testing/global-setup", "./src/processes/bundle.ts", "./src/once-a-run.ts"],
    sequence: { sequencer: LongestOfAll },
    projects: [
      {
        test: {
          ...all,
          name: "side by side",
          include: ["src/**/*.long.test.ts", ...alsoInShort],
          exclude: [...configDefaults.exclude, ...measured, ...timed],
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...all,
          ...longCases,
          exclude: [...configDefaults.exclude, ...alsoInShort, ...measured],
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
        },
      },
      { test: { ...all, name: "measured", include: measured, maxWorkers: 2, sequence: { groupOrder: 2 } } },
      { test: { ...all, name: "alone", include: timed, maxWorkers: 1, sequence: { groupOrder: 3 } } },
    ],
  },
});
