import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { createTestAuth, type TestAuth } from "@latchkey/auth/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type LiveServer, startLiveServer } from "../live-server.ts";
import { freshName } from "../permissions/accounts-in-core.ts";
import { compilerSetups, createOutsideProject, type OutsideProject, pack } from "./outside-project.ts";
import { findExample } from "./readme.ts";

const isLong = process.env.LATCHKEY_LONG === "1";
const password = "correct horse battery";

const readExample = (words: string, url?: string) => findExample("docs/verify-tokens.md", words, url);

/** Has what comes when the verifier is installed, and nothing else; in the ordinary run without a package manager and its registry. */
let bare: OutsideProject;
/** Has what a team with an API and a page of its own has. */
let team: OutsideProject;
let live: LiveServer;

beforeAll(async () => {
  [bare, team] = await Promise.all([createOutsideProject(), createOutsideProject()]);
  const [verify, client] = await Promise.all([pack("verify"), pack("client")]);
  if (isLong) await bare.install({ "@latchkey/verify": `file:${verify}` });
  else await Promise.all([bare.borrow("jose"), bare.extract(verify, "@latchkey/verify")]);
  for (const name of ["jose", "@trpc/client", "@trpc/server"]) await team.borrow(name);
  await team.extract(verify, "@latchkey/verify");
  await team.extract(client, "@latchkey/client");
  live = await startLiveServer({ tokens: { audience: ["latchkey", "orders-api"] } });
});

afterAll(() => Promise.all([bare, team, live].map((one) => one[Symbol.asyncDispose]())));

async function signUp({ auth, facts }: TestAuth, person: { phoneNumber?: string } = {}) {
  const username = freshName();
  await auth.createUser({ ...person, username, password });
  return auth.signIn({ username, password }, facts);
}

/** The token with another person in it. */
function forge(token: string): string {
  const [header, payload = "", signature] = token.split(".");
  const claims = { ...JSON.parse(Buffer.from(payload, "base64url").toString()), sub: crypto.randomUUID() };
  return [header, Buffer.from(JSON.stringify(claims)).toString("base64url"), signature].join(".");
}

/** All files below a folder, with their sizes in bytes. */
async function listFiles(folder: string): Promise<{ path: string; size: number }[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Promise.all(
    files.map(async (path) => ({ path: path.slice(folder.length + 1), size: (await stat(path)).size })),
  );
}

test("it installs with jose and nothing else, in less than one megabyte", { tags: ["long"] }, async () => {
  const folder = join(bare.folder, "node_modules");
  const files = (await listFiles(folder)).filter(({ path }) => !path.startsWith("."));
  expect(
    new Set(
      files.map(({ path }) =>
        path
          .split("/")
          .slice(0, path.startsWith("@") ? 2 : 1)
          .join("/"),
      ),
    ),
  ).toEqual(new Set(["@latchkey/verify", "jose"]));
  expect(files.reduce((sum, { size }) => sum + size, 0)).toBeLessThan(1_000_000);
});

test("what is published is built code and types, which lead to jose and tRPC alone, and to nothing of the workspace", async () => {
  const folder = join(bare.folder, "node_modules/@latchkey/verify");
  const files = (await listFiles(folder)).map(({ path }) => path).sort();
  expect(files).toEqual([
    "CHANGELOG.md",
    "LICENSE",
    "README.md",
    "dist/index.d.ts",
    "dist/index.js",
    "dist/token-verifier.d.ts",
    "dist/token-verifier.js",
    "dist/trpc.d.ts",
    "dist/trpc.js",
    "package.json",
  ]);
  const manifest = await readFile(join(folder, "package.json"), "utf8");
  expect(JSON.parse(manifest)).toMatchObject({
    exports: {
      ".": { types: "./dist/index.d.ts", default: "./dist/index.js" },
      "./trpc": { types: "./dist/trpc.d.ts", default: "./dist/trpc.js" },
    },
    peerDependenciesMeta: { "@trpc/server": { optional: true } },
  });
  expect(Object.keys(JSON.parse(manifest).dependencies)).toEqual(["jose"]);
  expect(manifest).not.toMatch(/workspace:|catalog:|\.\/src\//);
  const importsOf = async (file: string) => {
    const code = await readFile(join(folder, "dist", file), "utf8");
    return [...code.matchAll(/^(?:import|export) .* from "([^.].*?)";$/gm)].map(([, name]) => name);
  };
  for (const file of ["index.js", "index.d.ts", "token-verifier.js", "token-verifier.d.ts"])
    expect((await importsOf(file)).filter((name) => name !== "jose")).toEqual([]);
  for (const file of ["trpc.js", "trpc.d.ts"])
    expect((await importsOf(file)).filter((name) => !name?.startsWith("@trpc/server"))).toEqual([]);
});

test("with jose alone beside it, the verifier refuses forged tokens and takes real ones, by the service's JWKS", async () => {
  await using stranger = await createTestAuth();
  const [{ token, user }, { token: foreign }] = await Promise.all([signUp(live.test), signUp(stranger)]);
  await bare.addProgram("verify-tokens.mjs");

  const jwks = `${live.url}/.well-known/jwks.json`;
  const { exitCode, output } = await bare.run("verify-tokens.mjs", jwks, forge(token), foreign, `${token}=`, token);

  const refused = "refused: token_invalid\n";
  expect(output).toBe(`${refused}${refused}${refused}good: ${user.id}\n`);
  expect(exitCode).toBe(0);
});

test.each(compilerSetups)(
  "the page's API, its client and all of the verifier compile with $compiler and $resolution, declarations as well",
  { tags: ["long"] },
  async (setup) => {
    await team.write("server.ts", await readExample("createVerifiedProcedure"));
    await team.write("client.ts", await readExample("auth.link("));
    await team.addProgram("typed-verifier.ts");
    await bare.addProgram("typed-bare-verifier.ts");

    const files = ["server.ts", "client.ts", "typed-verifier.ts"];
    expect(await team.declare(setup, files)).toEqual({ exitCode: 0, output: "" });
    expect(await bare.typecheck(setup, ["typed-bare-verifier.ts"])).toEqual({ exitCode: 0, output: "" });
  },
);

test("the page's API knows its caller by the SDK's token, and tells strangers and forgers why not", async () => {
  const { token } = await signUp(live.test, { phoneNumber: "+90 532 123 45 67" });
  await team.write("server.ts", await readExample("createVerifiedProcedure", live.url));
  await team.addProgram("own-api-session.mjs");

  const { exitCode, output } = await team.run("own-api-session.mjs", live.url, forge(token));

  expect(output).toMatch(/^\{.*\}\n$/);
  expect(JSON.parse(output)).toEqual({
    asStranger: "token_missing",
    forged: { status: 401, reason: "token_invalid" },
    greetsMe: true,
    signedOut: "token_missing",
  });
  expect(exitCode).toBe(0);
});
