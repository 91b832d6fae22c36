import { configDefaults, mergeConfig } from "vitest/config";
import base from "./vitest.config.ts";

const { LATCHKEY_HOST: host = "handler", LATCHKEY_PREFIX: prefix } = process.env;

/**
 * `pnpm test:mounted`, a part of `pnpm test:long`: what speaks plain HTTP, against a server that mounts `@latchkey/server` in place of
 * the service: its own handler, tRPC's standalone and fetch adapters, and once with the procedures below a name. What is the service's
 * alone is skipped where it stands.
 */
export default mergeConfig(base, {
  test: {
    include: [
      prefix
        ? "src/http/{batch,codes,contract,cookie-mode,every-procedure,guessing,identifiers}.test.ts"
        : "src/http/*.test.ts",
    ],
    exclude: [
      ...configDefaults.exclude,
      // Providers of messages tell the service what became of them.
      "src/http/receipts.test.ts",
      // What times tell is of the core, takes longest to measure, and is measured at length in the rest of the long run.
      "src/http/enumeration.test.ts",
    ],
    env: { LATCHKEY_HOST: host },
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
