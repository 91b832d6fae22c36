import { defineConfig } from "vitest/config";

/** Every row of the bench once, in small: part of `pnpm test:long`. */
export default defineConfig({
  test: {
    include: ["src/bench.test.ts"],
    tags: [{ name: "long" }],
    env: { LATCHKEY_LONG: "1" },
    testTimeout: 900_000,
  },
});
