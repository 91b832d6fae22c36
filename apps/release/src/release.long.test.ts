import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type EmbeddedPostgres, openEmbeddedPostgres } from "@latchkey/embedded-postgres";
import { makeTemporaryFolder } from "@latchkey/embedded-postgres/testing";
import { afterAll, test as anyTest, beforeAll, describe, expect, test, vi } from "vitest";
import { root } from "./workspace.ts";

const execute = promisify(execFile);

/** Milliseconds that a program may take on a machine that is busy with something else: it finds what hangs, and promises nothing. */
const longest = 600_000;

/** Runs a program, and answers what it printed. Throws with all of it when it fails. */
async function run(
  command: string,
  words: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv = {},
): Promise<string> {
  const options = { cwd, env: { ...withoutPnpm(), ...env }, timeout: longest, maxBuffer: 1e8 };
  const { stdout } = await execute(command, [...words], options).catch((error) => {
    throw new Error(`${command} ${words.join(" ")} failed:\n${error.stdout}${error.stderr}`);
  });
  return stdout;
}

/** The environment of somebody who types in a terminal, not of a script of pnpm's. */
function withoutPnpm(): NodeJS.ProcessEnv {
  const entries = Object.entries(process.env).filter(
    ([name]) => !/^npm_(config_user_agent|execpath|lifecycle|package|command)/.test(name),
  );
  return Object.fromEntries(entries);
}

/** What the registries of other people's packages are called by here. */
const cleanInstall = ["--no-audit", "--no-fund"];

let folder: string;
let clone: string;
let registry: Registry;
let postgres: EmbeddedPostgres;

interface Registry {
  readonly url: string;
  close(): Promise<void>;
}

/** A registry of packages on this machine that has everything else from the one that npm is set to. */
async function startRegistry(folder: string): Promise<Registry> {
  await mkdir(folder);
  await writeFile(join(folder, "package.json"), JSON.stringify({ private: true }));
  await run("npm", ["install", ...cleanInstall, "verdaccio@9.0.0-next-9.31"], folder);
  const upstream = (await run("npm", ["config", "get", "registry"], folder)).trim();
  const port = await findFreePort();
  const config = {
    storage: join(folder, "storage"),
    auth: { htpasswd: { file: join(folder, "htpasswd") } },
    uplinks: { npmjs: { url: upstream } },
    packages: {
      "@latchkey/*": { access: "$all", publish: "$authenticated" },
      "**": { access: "$all", proxy: "npmjs" },
    },
    log: { type: "stdout", format: "json", level: "warn" },
  };
  await writeFile(join(folder, "config.yaml"), JSON.stringify(config));
  const program = join(folder, "node_modules/verdaccio/bin/verdaccio");
  const words = [program, "--config", join(folder, "config.yaml"), "--listen", `127.0.0.1:${port}`];
  const child = spawn(process.execPath, words, { cwd: folder, stdio: "ignore" });
  const url = `http://127.0.0.1:${port}/`;
  await vi.waitFor(async () => expect((await fetch(`${url}-/ping`)).status).toBe(200), {
    timeout: 60_000,
    interval: 200,
  });
  return {
    url,
    async close() {
      child.kill();
      await once(child, "exit");
    },
  };
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  return typeof address === "object" && address ? address.port : 0;
}

/** Makes an account at the registry and lets the clone publish by it. */
async function signUp(): Promise<void> {
  const answer = await fetch(`${registry.url}-/user/org.couchdb.user:releaser`, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name: "releaser", password: "a password for a test" }),
  });
  const { token } = (await answer.json()) as { token: string };
  await writeFile(join(clone, ".npmrc"), `//${new URL(registry.url).host}/:_authToken=${token}\n`);
}

const pnpm = (words: readonly string[], cwd: string, env?: NodeJS.ProcessEnv) =>
  run("npx", ["-y", "pnpm@12", ...words], cwd, env);

beforeAll(async () => {
  folder = await realpath(await makeTemporaryFolder("latchkey-release-"));
  clone = join(folder, "clone");
  await run("git", ["clone", "--quiet", root, clone], folder);
  registry = await startRegistry(join(folder, "registry"));
  await signUp();
  postgres = await openEmbeddedPostgres({ dataDir: join(folder, "data"), settings: { fsync: "off" } });
}, 2 * longest);

afterAll(async () => {
  await registry?.close();
  await postgres?.close();
  await rm(folder, { recursive: true, force: true });
});

test(
  "npm pack in a fresh clone builds a complete tarball with the manifest that is published, and leaves the clone as it was",
  async () => {
    await pnpm(["install", "--prefer-offline"], clone);
    const before = await run("git", ["status", "--porcelain"], clone);
    const address = { type: "git", url: "git+https://git.example.com/latchkey.git" };
    const own = await readFile(join(clone, "package.json"), "utf8");
    await writeFile(join(clone, "package.json"), JSON.stringify({ ...JSON.parse(own), repository: address }));
    await run("npm", ["pack", "--pack-destination", folder], join(clone, "packages/client"));
    await pnpm(["pack", "--out", join(folder, "by-pnpm.tgz")], join(clone, "packages/client"));
    await writeFile(join(clone, "package.json"), own);
    const [tarball = ""] = (await readTarballs()).filter((name) => name.startsWith("latchkey-client-"));
    const files = (await run("tar", ["-tzf", tarball], folder)).trim().split("\n");
    const readPacked = (name: string, file: string) => run("tar", ["-xzOf", name, `package/${file}`], folder);
    const manifest = JSON.parse(await readPacked(tarball, "package.json"));
    expect(files).toEqual(
      expect.arrayContaining([
        "package/CHANGELOG.md",
        "package/LICENSE",
        "package/README.md",
        "package/dist/index.js",
        "package/dist/index.d.ts",
      ]),
    );
    expect(files.filter((file) => /\/src\/|original/.test(file))).toEqual([]);
    expect(manifest.repository).toEqual({ ...address, directory: "packages/client" });
    expect(await readPacked(tarball, "CHANGELOG.md")).toMatch(/^# @latchkey\/client\n\n## Not released yet\n\n- ./);
    expect(await readPacked("by-pnpm.tgz", "CHANGELOG.md")).toBe(await readPacked(tarball, "CHANGELOG.md"));
    expect(JSON.parse(await readPacked("by-pnpm.tgz", "package.json"))).toMatchObject(manifest);
    expect(JSON.stringify(manifest)).not.toMatch(/workspace:|catalog:|\.\/src\//);
    expect(manifest.exports["."]).toEqual({ types: "./dist/index.d.ts", default: "./dist/index.js" });
    expect(await run("git", ["status", "--porcelain"], clone)).toBe(before);
  },
  2 * longest,
);

const readTarballs = async () => (await run("ls", [], folder)).split("\n").filter((name) => name.endsWith(".tgz"));

test(
  "a release raises every version, writes the changelogs and publishes once, and a second run changes nothing",
  async () => {
    const note = '---\n"@latchkey/client": minor\n---\n\nSign in by carrier pigeon.\n';
    await writeFile(join(clone, ".changeset/pigeon.md"), note);
    await pnpm(["release", "version"], clone);
    expect(await readFile(join(clone, "packages/client/CHANGELOG.md"), "utf8")).toContain("Sign in by carrier pigeon.");

    const first = await pnpm(["release", "publish", "--registry", registry.url], clone);
    const second = await pnpm(["release", "publish", "--registry", registry.url], clone);
    const published = first.match(/^@latchkey\/\S+ is published$/gm) ?? [];
    expect(published.length).toBeGreaterThanOrEqual(3);
    expect(second.match(/^@latchkey\/\S+ is there already$/gm)).toHaveLength(published.length);
  },
  2 * longest,
);

const program = `
import { createAuthClient } from "@latchkey/client";
const auth = createAuthClient({ url: "http://127.0.0.1:9" });
console.log(auth.getSnapshot().status);
`;

/** Signs somebody up and in by the procedures that a team mounts, on a database of its own. */
const mounted = `
import { createLatchkey } from "@latchkey/server";
import { createVerifiedProcedure } from "@latchkey/verify/trpc";
import { smtpSender } from "@latchkey/senders/smtp";

const latchkey = await createLatchkey({
  database: JSON.parse(process.argv[2]),
  secret: "wD3mS8vKq1Zx7nRt5bYc2JfLh9GpUa4EoT6i",
  passwords: { cost: 4 },
});
const post = async (path, input) => {
  const init = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(input) };
  return (await latchkey.fetch(new Request("http://host/trpc/" + path, init), { remoteAddress: "127.0.0.1" })).json();
};
const username = process.argv[3];
await post("account.register", { username, password: "correct horse battery" });
const { result } = await post("token.obtain", { username, password: "correct horse battery" });
console.log(result.data.user.username, typeof createVerifiedProcedure, typeof smtpSender);
await latchkey.stop();
`;

/** Each installs what a team does, in an empty folder, from the registry that was published to. */
const managers: Readonly<Record<string, (cwd: string, packages: readonly string[]) => Promise<unknown>>> = {
  npm: (cwd, packages) => run("npm", ["install", ...cleanInstall, "--registry", registry.url, ...packages], cwd),
  pnpm: (cwd, packages) => pnpm(["add", "--registry", registry.url, ...packages], cwd),
  yarn: async (cwd, packages) => {
    const settings = {
      nodeLinker: "node-modules",
      npmRegistryServer: registry.url,
      unsafeHttpWhitelist: ["127.0.0.1"],
      enableTelemetry: false,
      npmMinimalAgeGate: 0,
    };
    await writeFile(join(cwd, ".yarnrc.yml"), JSON.stringify(settings));
    await writeFile(join(cwd, "yarn.lock"), "");
    await run("npx", ["-y", "-p", "@yarnpkg/cli-dist@4", "yarn", "add", ...packages], cwd);
  },
  bun: (cwd, packages) => run("npx", ["-y", "bun@1", "add", "--registry", registry.url, ...packages], cwd),
};

const probes: Readonly<Record<string, readonly [string, ...string[]]>> = {
  npm: ["npm"],
  pnpm: ["npx", "-y", "pnpm@12"],
  yarn: ["npx", "-y", "-p", "@yarnpkg/cli-dist@4", "yarn"],
  bun: ["npx", "-y", "bun@1"],
};

/** Managers that this machine neither has nor gets. */
const missing = new Set<string>();
for (const [manager, [command, ...words]] of Object.entries(probes))
  await run(command, [...words, "--version"], tmpdir()).catch(() => {
    missing.add(manager);
    console.error(`\n*** SKIPPED: the packages installed with ${manager}, which cannot be had here. ***\n`);
  });

/** Yarn asks for the builds of every platform, and a mirror of the registry may hold those of this one alone. */
const hasAllBuilds = await run("npm", ["view", "@node-rs/bcrypt-darwin-arm64@2", "version"], tmpdir()).then(
  (version) => version.trim() !== "",
  () => false,
);
if (!hasAllBuilds)
  console.error("\n*** SKIPPED: the server's packages installed with yarn, of which not all is to be had here. ***\n");

describe.each(Object.keys(managers))("installed with %s", (manager) => {
  const isMissing = missing.has(manager);
  const test = anyTest.skipIf(isMissing);

  test(
    "the SDK is complete, and starts signed out",
    async () => {
      const project = join(folder, `with-${manager}`);
      await mkdir(project);
      await writeFile(
        join(project, "package.json"),
        JSON.stringify({ name: "outside", private: true, type: "module" }),
      );
      await managers[manager]?.(project, ["@latchkey/client", "@trpc/client", "@trpc/server"]);
      await writeFile(join(project, "index.js"), program);
      expect(await run(process.execPath, ["index.js"], project)).toMatch(/^(loading|signedOut)\n$/);
    },
    longest,
  );

  anyTest.skipIf(isMissing || (manager === "yarn" && !hasAllBuilds))(
    "the server's packages are complete, and sign somebody in on a PostgreSQL",
    async () => {
      const project = join(folder, `server-with-${manager}`);
      await mkdir(project);
      await writeFile(
        join(project, "package.json"),
        JSON.stringify({ name: "outside", private: true, type: "module" }),
      );
      const packages = ["server", "auth", "verify", "senders"].map((name) => `@latchkey/${name}`);
      await managers[manager]?.(project, [...packages, "@trpc/server"]);
      await writeFile(join(project, "index.js"), mounted);
      const username = `with_${manager}`;
      const words = ["index.js", JSON.stringify(postgres.connection), username];
      expect(await run(process.execPath, words, project)).toBe(`${username} function function\n`);
    },
    longest,
  );
});
