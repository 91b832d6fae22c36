import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { root } from "./documents.ts";

/** A folder inside this package, so that imports find what the package depends on; git and the linter pass it by. */
export interface Workbench extends AsyncDisposable {
  readonly path: string;
  /** What the compiler has against the folder's files; empty when all is well. */
  typeCheck(): Promise<string>;
}

/** @param resolution how modules are found: as Node does, or as the bundler of a framework */
export async function openWorkbench(resolution: "nodenext" | "bundler" = "nodenext"): Promise<Workbench> {
  const dist = join(root, "apps/e2e/dist");
  await mkdir(dist, { recursive: true });
  const path = await mkdtemp(join(dist, "docs-"));
  const tsconfig = {
    extends: "../../../../tsconfig.base.json",
    compilerOptions: {
      // By the declarations that are built, as whoever follows the docs has them, which takes less than all sources do.
      customConditions: [],
      // The SDK is for browsers too.
      lib: ["es2024", "esnext.disposable", "dom"],
      jsx: "react-jsx",
      module: resolution === "bundler" ? "esnext" : "nodenext",
      moduleResolution: resolution,
    },
  };
  await writeFile(join(path, "tsconfig.json"), JSON.stringify(tsconfig));
  return {
    path,
    typeCheck: () => compile(path),
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  };
}

async function compile(path: string): Promise<string> {
  const tsc = join(root, "apps/e2e/node_modules/.bin/tsc");
  try {
    const { stdout } = await promisify(execFile)(tsc, ["--noEmit", "-p", path], { cwd: path });
    return stdout;
  } catch (error) {
    if (error instanceof Error && "stdout" in error && error.stdout) return String(error.stdout);
    throw error;
  }
}
