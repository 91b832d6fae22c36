import { defineConfig } from "vitest/config";
import { server } from "../../vitest.base.ts";

/** The share of `pnpm test:long` of this package: a client that somebody else's generator makes of the document. */
export default defineConfig({
  test: {
    server,
    globalSetup: ["@latchkey/auth/testing/global-setup"],
    include: ["src/*.long.test.ts"],
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
