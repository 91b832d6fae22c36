import { defineConfig } from "tsdown";

const names = ["console", "webhook", "http", "twilio", "whatsapp", "smtp"];
const entriesIn = (folder: string, extension: string) =>
  Object.fromEntries(names.map((name) => [name, `${folder}/${name}${extension}`]));

export default defineConfig([
  {
    entry: entriesIn("src", ".ts"),
    platform: "node",
    target: "es2024",
    dts: false,
    fixedExtension: false,
    hash: false,
    clean: ["dist/*.js", "dist/*.d.ts"],
  },
  {
    entry: entriesIn("dist/types", ".d.ts"),
    platform: "node",
    fixedExtension: false,
    hash: false,
    clean: false,
    dts: { dtsInput: true, emitDtsOnly: true },
    deps: { neverBundle: (id) => !/^(\.|\/)/.test(id), onlyBundle: false },
  },
]);
