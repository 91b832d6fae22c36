import { defineConfig } from "vitest/config";
import { server } from "../../vitest.base.ts";

export default defineConfig({ test: { server, isolate: false, testTimeout: 60_000, hookTimeout: 60_000 } });
