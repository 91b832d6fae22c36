import { defineConfig } from "tsdown";

export default defineConfig([
  {
    entry: { index: "src/index.ts", internal: "src/internal.ts" },
    platform: "node",
    target: "es2024",
    dts: false,
    fixedExtension: false,
    hash: false,
    clean: ["dist/*.js", "dist/*.d.ts"],
  },
  {
    entry: { index: "dist/types/index.d.ts", internal: "dist/types/internal.d.ts" },
    platform: "node",
    fixedExtension: false,
    hash: false,
    clean: false,
    dts: { dtsInput: true, emitDtsOnly: true },
    deps: { neverBundle: (id) => !/^(\.|\/)/.test(id), onlyBundle: false },
  },
]);
