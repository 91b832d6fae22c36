import { defineConfig } from "tsdown";

const ours = /^(\.|\/|@latchkey\/)/;
const deps = { neverBundle: (id: string) => !ours.test(id), onlyBundle: false } as const;

/** The verifier with what it takes of the core built in, so that it installs with jose alone. */
export default defineConfig([
  {
    entry: { index: "src/index.ts", trpc: "src/trpc.ts" },
    platform: "neutral",
    target: "es2022",
    dts: false,
    fixedExtension: false,
    hash: false,
    clean: ["dist/*.js", "dist/*.d.ts"],
    deps,
  },
  {
    entry: { index: "dist/types/index.d.ts", trpc: "dist/types/trpc.d.ts" },
    platform: "neutral",
    fixedExtension: false,
    hash: false,
    clean: false,
    dts: { dtsInput: true, emitDtsOnly: true },
    deps,
    treeshake: { moduleSideEffects: false },
  },
]);
