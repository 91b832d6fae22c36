import { availableParallelism } from "node:os";
import { configDefaults, defineConfig } from "vitest/config";
import { patience, server, tags } from "../../vitest.base.ts";
import { LongestFirst } from "./src/longest-first.ts";
import type { HostKind } from "./src/mounted/live-host.ts";

const hosts: Readonly<Record<HostKind, true>> = { handler: true, standalone: true, fetch: true };
const belowName = ["batch", "codes", "contract", "cookie-mode", "every-procedure", "guessing", "identifiers"];

const tried = (name: string, files: readonly string[], env: Readonly<Record<string, string>>) => ({
  test: {
    ...{ name, env, server, tags },
    include: files.map((file) => `src/http/${file}.test.ts`),
    exclude: [
      ...configDefaults.exclude,
      // Providers of messages tell the service what became of them.
      "src/http/receipts.test.ts",
      // What times tell is of the core, takes longest to measure, and is measured at length in the rest of the long run.
      "src/http/enumeration.test.ts",
    ],
    isolate: false,
    maxWorkers: Math.ceil(availableParallelism() * 1.5),
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: patience,
  },
});

/**
 * `pnpm test:mounted`, a part of `pnpm test:long`: what speaks plain HTTP, against a server that mounts `@latchkey/server` in place of
 * the service: its own handler, tRPC's standalone and fetch adapters, and once with the procedures below a name. What is the service's
 * alone is skipped where it stands. One host: `--project handler`.
 */
export default defineConfig({
  test: {
    globalSetup: ["@latchkey/auth/testing/global-setup", "./src/processes/bundle.ts", "./src/once-a-run.ts"],
    sequence: { sequencer: LongestFirst },
    projects: [
      ...Object.keys(hosts).map((kind) => tried(kind, ["*"], { LATCHKEY_HOST: kind })),
      tried("below a name", belowName, { LATCHKEY_HOST: "standalone", LATCHKEY_PREFIX: "auth" }),
    ],
  },
});
