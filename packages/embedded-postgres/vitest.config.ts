import { defineConfig } from "vitest/config";
import { server, tags } from "../../vitest.base.ts";

export default defineConfig({ test: { server, tags, isolate: false, testTimeout: 60_000, hookTimeout: 60_000 } });
