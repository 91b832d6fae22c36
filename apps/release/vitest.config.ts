import { configDefaults, defineConfig } from "vitest/config";

export default defineConfig({
  test: { exclude: [...configDefaults.exclude, "**/*.long.test.ts"], testTimeout: 120_000, hookTimeout: 120_000 },
});
