import { defineConfig } from "vitest/config";
import { server } from "../../vitest.base.ts";

/** The share of `pnpm test:long` of this package: what the ordinary run leaves. */
export default defineConfig({
  test: { server, tags: [{ name: "long" }], env: { LATCHKEY_LONG: "1" }, testTimeout: 300_000, hookTimeout: 300_000 },
});
