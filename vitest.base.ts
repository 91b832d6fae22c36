import { globSync, readFileSync } from "node:fs";
import { enableCompileCache } from "node:module";
import { fileURLToPath } from "node:url";

// What Node.js has compiled for one package is not compiled again for the next, nor by the processes that Vitest starts.
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL("node_modules/.cache/compiled", import.meta.url));
enableCompileCache(process.env.NODE_COMPILE_CACHE);

/**
 * A case that is tagged `long` is tried by `pnpm test:long` alone, which says so with `LATCHKEY_LONG`; one like it stays in the ordinary run.
 * What a test says of itself by `skipIf` or `runIf` goes before its tag.
 */
export const tags = [{ name: "long", skip: process.env.LATCHKEY_LONG !== "1" }];

/** How long a test waits for what is to come, which is soon: longer than a busy machine lets it wait. */
export const patience = { poll: { timeout: 30_000 } };

/** A project of the long run: of the files of the ordinary one in this folder the cases that are tagged `long`, and no others. */
export const longCases = {
  name: "what the ordinary run leaves",
  include: globSync("src/**/*.test.ts").filter(
    (file) => !file.endsWith(".long.test.ts") && /\["long"\]|\bshareOut/.test(readFileSync(file, "utf8")),
  ),
  setupFiles: ["@latchkey/auth/testing/only-long-cases"],
  expect: patience,
  tags: [{ name: "long" }],
  env: { LATCHKEY_LONG: "1" },
};

/**
 * Has Node.js itself load all of our modules but the tests, as it does in production. Vitest's own loader would transform the whole core
 * again for each package that uses it.
 */
export const server = { deps: { external: [/\/(?:apps|packages)\/[^/]+\/src\/(?!.*\.test\.ts$)/] } };
