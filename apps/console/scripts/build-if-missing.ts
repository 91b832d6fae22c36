import { spawnSync } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";

const at = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));

const changedAt = (path: string): number => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

/** When the newest file of a folder was written. */
const newestIn = (folder: string): number =>
  Math.max(...readdirSync(folder, { recursive: true }).map((name) => changedAt(`${folder}/${String(name)}`)));

/** What is built in: its own sources, and those of the packages that it takes. */
const folders = ["src", "../../packages/client/src", "../../packages/pages/src/languages"];
const files = ["index.html", "vite.config.ts"];
const newest = Math.max(...folders.map((folder) => newestIn(at(folder))), ...files.map((file) => changedAt(at(file))));
const builtAt = changedAt(at("dist/index.html"));

// What `pnpm start` serves is what is written: a build takes seconds, and none is made where nothing has changed.
if (builtAt < newest) {
  process.stderr.write("Building the console (once, a few seconds) …\n");
  const { status } = spawnSync(
    process.execPath,
    [at("node_modules/vite/bin/vite.js"), "build", "--logLevel", "error"],
    {
      cwd: at("."),
      stdio: ["ignore", "ignore", "inherit"],
    },
  );
  // The service is worth more than its console, which says by itself that it is not built.
  if (status !== 0) process.stderr.write("The console could not be built; the service starts without it.\n");
}
