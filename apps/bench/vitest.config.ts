import { defineConfig } from "vitest/config";
import { server, tags } from "../../vitest.base.ts";

export default defineConfig({ test: { server, tags, testTimeout: 180_000 } });
