import { defineConfig } from "vitest/config";

/** A whole release, to a registry on this machine: part of `pnpm test:long`. */
export default defineConfig({
  test: { include: ["src/**/*.long.test.ts"], testTimeout: 600_000, hookTimeout: 600_000 },
});
