import { defineConfig, type Rolldown } from "tsdown";

const ours = /^(\.|\/)/;

/** Takes out what the rooms of the core add to the database's type: it is nobody else's, and leads to its library. */
const withoutTables: Rolldown.Plugin = {
  name: "without-tables",
  transform: {
    order: "pre",
    filter: { id: /\.d\.ts$/ },
    handler: (code) => code.replace(/^declare module "\..*?^\}$/gms, ""),
  },
};

/** The core. The verifier for other services is built by `packages/verify`, from the types that `tsc` writes here. */
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
    plugins: [withoutTables],
    deps: { neverBundle: (id) => !ours.test(id), onlyBundle: false },
    treeshake: { moduleSideEffects: false },
  },
]);
