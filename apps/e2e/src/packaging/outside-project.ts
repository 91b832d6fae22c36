import { execFile } from "node:child_process";
import { copyFile, cp, mkdir, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { makeTemporaryFolder } from "@latchkey/embedded-postgres/testing";
import { stage } from "@latchkey/release/prepack";
import { onceARun } from "../once-a-run.ts";

/** A project in a folder where nothing of the workspace is near, as somebody has who installs our packages. */
export interface OutsideProject extends AsyncDisposable {
  readonly folder: string;
  write(file: string, text: string): Promise<void>;
  /** Copies a program from `programs/`. */
  addProgram(file: string): Promise<void>;
  /** Installs from the registry what its `package.json` names. */
  install(dependencies: Readonly<Record<string, string>>): Promise<void>;
  /** Copies a package that the workspace has, and those that it depends on. */
  borrow(name: string): Promise<void>;
  /** Puts the files of a packed package in place, without anything that it depends on. */
  extract(tarball: string, name: string): Promise<void>;
  /** Runs a program with Node, and answers all that it wrote and its exit code. */
  run(file: string, ...words: readonly string[]): Promise<Outcome>;
  /** Runs a line of a shell. */
  shell(line: string): Promise<Outcome>;
  /** Checks the types of files, and of all that they were installed with, in a project that has no ambient types. */
  typecheck(setup: CompilerSetup, files: readonly string[]): Promise<Outcome>;
  /** How many types the compiler makes for files, where the packages themselves are not checked, as in most applications. */
  countInstantiations(setup: CompilerSetup, files: readonly string[]): Promise<number>;
  /**
   * Checks the types as {@link typecheck} does, and writes the declarations of files that others will import, as a library or a
   * project of a monorepo does.
   */
  declare(setup: CompilerSetup, files: readonly string[]): Promise<Outcome>;
}

export interface Outcome {
  readonly exitCode: number;
  readonly output: string;
}

/** The workspace's own, so that nobody installs them again: the oldest that the types are made for, and the newest. */
const compilers = { ts59: "typescript-5.9", ts7: "typescript" } as const;

export interface CompilerSetup {
  readonly compiler: keyof typeof compilers;
  readonly resolution: "nodenext" | "bundler";
  /** Packages of types that are there without being imported; none by default. */
  readonly types?: readonly string[];
}

/** Each compiler with each way to find modules. The older one takes ten times as long, so the newer comes first in what is shared out. */
export const allCompilerSetups: readonly CompilerSetup[] = [
  { compiler: "ts7", resolution: "nodenext" },
  { compiler: "ts7", resolution: "bundler" },
  { compiler: "ts59", resolution: "nodenext" },
  { compiler: "ts59", resolution: "bundler" },
];

/** In the ordinary run each compiler once, and each way once. */
export const compilerSetups = allCompilerSetups.filter(
  ({ compiler, resolution }) =>
    process.env.LATCHKEY_LONG === "1" || (compiler === "ts7") === (resolution === "nodenext"),
);

const installed = fileURLToPath(new URL("../../node_modules/", import.meta.url));
const programs = fileURLToPath(new URL("./programs/", import.meta.url));
const packages = fileURLToPath(new URL("../../../../packages/", import.meta.url));

/** Packs a package as publishing it would, from its built files, and answers the file: the same for all who ask in one run of tests. */
export function pack(name: "auth" | "client" | "pages" | "senders" | "server" | "verify"): Promise<string> {
  return onceARun(`${name}.tgz`, async (tarball) => {
    const [command, ...words] = findPnpm();
    const folder = `${tarball}.staged`;
    await stage(join(packages, name), folder);
    await succeed(command, [...words, "pack", "--out", tarball], folder);
  });
}

/** The pnpm that runs the tests, or else the one that npm has or fetches. */
export function findPnpm(): [command: string, ...words: string[]] {
  const { npm_execpath: running = "" } = process.env;
  return basename(running) === "pnpm" ? [running] : ["npx", "-y", "pnpm@12"];
}

export async function createOutsideProject(): Promise<OutsideProject> {
  const folder = await makeTemporaryFolder("latchkey-outside-");
  const write = async (file: string, text: string) => {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), text);
  };
  await write("package.json", JSON.stringify({ private: true, type: "module" }));
  const compile = async (
    { compiler, resolution, types = [] }: CompilerSetup,
    files: readonly string[],
    options: object,
  ) => {
    const config = `tsconfig.${compiler}-${resolution}.json`;
    await write(
      config,
      JSON.stringify({ compilerOptions: { ...toCompilerOptions(resolution), types, ...options }, files }),
    );
    // Several checkers, which only the newer compiler has, would each look at what the files share.
    const once = compiler === "ts7" ? ["--checkers", "1"] : [];
    return execute(process.execPath, [join(installed, compilers[compiler], "bin/tsc"), "-p", config, ...once], folder);
  };
  return {
    folder,
    write,
    addProgram: (file) => copyFile(join(programs, file), join(folder, file)),
    async install(dependencies) {
      await write("package.json", JSON.stringify({ private: true, type: "module", dependencies }));
      const quick = ["--prefer-offline", "--ignore-scripts", "--no-package-lock", "--no-audit", "--no-fund"];
      await succeed("npm", ["install", ...quick], folder);
    },
    borrow: (name) => copyPackage(name, installed, join(folder, "node_modules")),
    async extract(tarball, name) {
      const place = join(folder, "node_modules", name);
      await mkdir(place, { recursive: true });
      await succeed("tar", ["-xzf", tarball, "-C", place, "--strip-components=1"], folder);
    },
    run: (file, ...words) => execute(process.execPath, [file, ...words], folder),
    shell: (line) => execute("sh", ["-c", line], folder),
    // The compiler's own declarations are looked at where types are declared: they are the same ones.
    typecheck: (setup, files) => compile(setup, files, { noEmit: true, skipDefaultLibCheck: true }),
    async countInstantiations(setup, files) {
      const options = { noEmit: true, skipLibCheck: true, extendedDiagnostics: true };
      const { exitCode, output } = await compile(setup, files, options);
      const [, count] = /^Instantiations:\s*(\d+)/m.exec(output) ?? [];
      if (exitCode !== 0 || !count) throw new Error(output);
      return Number(count);
    },
    // A composite project declares all that a library does, and asks for more.
    declare: (setup, files) => compile(setup, files, { composite: true, emitDeclarationOnly: true, outDir: "types" }),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

async function copyPackage(name: string, from: string, to: string): Promise<void> {
  const source = await realpath(join(from, name));
  await cp(source, join(to, name), { recursive: true });
  const { dependencies = {} } = JSON.parse(await readFile(join(source, "package.json"), "utf8"));
  // The package manager puts beside a package what it depends on.
  const beside = source.slice(0, -name.length);
  for (const dependency of Object.keys(dependencies)) await copyPackage(dependency, beside, to);
}

function toCompilerOptions(resolution: CompilerSetup["resolution"]) {
  return {
    target: "es2022",
    // tRPC's own types name `Disposable`, with or without ours.
    lib: ["es2022", "dom", "esnext.disposable"],
    module: resolution === "nodenext" ? "nodenext" : "esnext",
    moduleResolution: resolution,
    strict: true,
    skipLibCheck: false,
    // The compiler's own declarations do not depend on how modules are found: once for each compiler will do.
    skipDefaultLibCheck: resolution === "bundler",
    allowImportingTsExtensions: true,
  };
}

/** Milliseconds after which a program hangs, also on a machine that is busy with something else. */
const timeLimit = 250_000;

function execute(command: string, words: readonly string[], cwd: string): Promise<Outcome> {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  execFile(command, words, { cwd, timeout: timeLimit }, (error, stdout, stderr) => {
    const exitCode = typeof error?.code === "number" ? error.code : error ? 1 : 0;
    const end = error?.killed ? `It was ended after ${timeLimit / 1_000} seconds.` : "";
    resolve({ exitCode, output: `${stdout}${stderr}${end}` });
  });
  return promise;
}

async function succeed(command: string, words: readonly string[], cwd: string): Promise<void> {
  const { exitCode, output } = await execute(command, words, cwd);
  if (exitCode !== 0) throw new Error(`${command} ${words.join(" ")} failed:\n${output}`);
}
