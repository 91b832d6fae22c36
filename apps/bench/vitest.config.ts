import { defineConfig } from "vitest/config";
import { server } from "../../vitest.base.ts";

export default defineConfig({ test: { server, testTimeout: 180_000 } });
