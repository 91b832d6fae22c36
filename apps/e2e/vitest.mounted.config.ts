import { mergeConfig } from "vitest/config";
import base from "./vitest.config.ts";

/**
 * `pnpm test:mounted`, a part of `pnpm test:long`: what speaks plain HTTP, against a server that mounts `@latchkey/server` in place of
 * the service. What is the service's alone is skipped where it stands.
 */
export default mergeConfig(base, {
  test: {
    include: ["src/http/{batch,contract,cookie-mode,every-procedure,guessing,identifiers,jwks}.test.ts"],
    env: { LATCHKEY_HOST: "handler" },
  },
});
