import { fileURLToPath } from "node:url";
import { build } from "rolldown";

/** The script of a page, with React as it is in development, which looks at every difference. */
export async function bundlePage(entry: string): Promise<string> {
  const id = fileURLToPath(new URL("page-entry.js", import.meta.url));
  const { output } = await build({
    input: id,
    platform: "browser",
    transform: { define: { "process.env.NODE_ENV": '"development"' } },
    plugins: [
      { name: "entry", resolveId: (name) => (name === id ? id : null), load: (name) => (name === id ? entry : null) },
    ],
    onLog: (level, log, handle) => log.code === "MODULE_LEVEL_DIRECTIVE" || handle(level, log),
    write: false,
  });
  return output[0].code;
}
