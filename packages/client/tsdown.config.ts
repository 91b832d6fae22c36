import { defineConfig, type Rolldown } from "tsdown";

const ours = /^(\.|\/|@latchkey\/)/;

/** Takes out what the rooms of the core add to the database's type: it is nobody else's, and leads to its library. */
const withoutTables: Rolldown.Plugin = {
  name: "without-tables",
  transform: {
    order: "pre",
    filter: { id: /\.d\.ts$/ },
    handler: (code) => code.replace(/^declare module "\..*?^\}$/gms, ""),
  },
};

/** The SDK's JavaScript, and its types in one file that leads to nothing of the server. */
export default defineConfig([
  {
    entry: {
      index: "src/index.ts",
      codes: "src/codes.ts",
      passkeys: "src/passkeys.ts",
      "passkeys-react": "src/passkeys-react.ts",
      react: "src/react.ts",
      redirect: "src/redirect.ts",
      "reauthenticate-react": "src/reauthenticate-react.ts",
      "second-factor": "src/second-factor.ts",
      "second-factor-react": "src/second-factor-react.ts",
      server: "src/server.ts",
    },
    platform: "neutral",
    target: "es2022",
    dts: false,
    clean: false,
    minify: "dce-only",
    hash: false,
  },
  {
    entry: {
      index: "dist/types/index.d.ts",
      codes: "dist/types/codes.d.ts",
      passkeys: "dist/types/passkeys.d.ts",
      "passkeys-react": "dist/types/passkeys-react.d.ts",
      react: "dist/types/react.d.ts",
      redirect: "dist/types/redirect.d.ts",
      "reauthenticate-react": "dist/types/reauthenticate-react.d.ts",
      "second-factor": "dist/types/second-factor.d.ts",
      "second-factor-react": "dist/types/second-factor-react.d.ts",
      server: "dist/types/server.d.ts",
    },
    platform: "neutral",
    clean: false,
    hash: false,
    dts: { dtsInput: true, emitDtsOnly: true },
    plugins: [withoutTables],
    deps: { neverBundle: (id) => !ours.test(id), onlyBundle: false },
    // What nobody names is left out with its import.
    treeshake: { moduleSideEffects: false },
  },
]);
