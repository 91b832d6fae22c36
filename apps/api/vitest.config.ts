import { defineConfig } from "vitest/config";
import { patience, server } from "../../vitest.base.ts";

export default defineConfig({
  test: { server, expect: patience, isolate: false, testTimeout: 60_000, hookTimeout: 60_000 },
});
