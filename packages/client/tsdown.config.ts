import { defineConfig } from "tsdown";

const ours = /^(\.|\/|@latchkey\/)/;

/** The SDK's JavaScript, and its types in one file that leads to nothing of the server. */
export default defineConfig([
  {
    entry: { index: "src/index.ts" },
    platform: "neutral",
    target: "es2022",
    dts: false,
    clean: false,
    minify: "dce-only",
  },
  {
    entry: { index: "dist/types/index.d.ts" },
    platform: "neutral",
    clean: false,
    dts: { dtsInput: true, emitDtsOnly: true },
    deps: { neverBundle: (id) => !ours.test(id), onlyBundle: false },
    // What nobody names is left out with its import.
    treeshake: { moduleSideEffects: false },
  },
]);
