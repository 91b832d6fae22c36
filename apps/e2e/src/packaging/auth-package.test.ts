import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type LiveServer, startLiveServer } from "../live-server.ts";
import { compilerSetups, createOutsideProject, type OutsideProject, pack } from "./outside-project.ts";
import { readExample } from "./readme.ts";

const password = "correct horse battery";

/** Has `jose` and the verifier, and nothing else. */
let bare: OutsideProject;
/** Has what a team with an API and a page of its own has. */
let team: OutsideProject;

beforeAll(async () => {
  [bare, team] = await Promise.all([createOutsideProject(), createOutsideProject()]);
  const [auth, client] = await Promise.all([
    pack("auth", team),
    pack("client", team),
    ...["jose", "@trpc/client", "@trpc/server"].map((name) => team.borrow(name)),
    bare.borrow("jose"),
  ]);
  await team.extract(auth, "@latchkey/auth");
  await team.extract(client, "@latchkey/client");
  await bare.extract(auth, "@latchkey/auth");
});

afterAll(() => Promise.all([bare[Symbol.asyncDispose](), team[Symbol.asyncDispose]()]));

async function signUp({ test }: LiveServer) {
  await test.auth.createUser({ username: "alice", phoneNumber: "+90 532 123 45 67", password });
  return test.auth.login({ username: "alice", password }, test.facts);
}

/** The token with another person in it. */
function forge(token: string): string {
  const [header, payload = "", signature] = token.split(".");
  const claims = { ...JSON.parse(Buffer.from(payload, "base64url").toString()), sub: crypto.randomUUID() };
  return [header, Buffer.from(JSON.stringify(claims)).toString("base64url"), signature].join(".");
}

test("what is published holds built code and types, no source and no tests, and points at no workspace", async () => {
  const folder = join(bare.folder, "node_modules/@latchkey/auth");
  const files = await readdir(folder, { recursive: true });
  expect(files.filter((file) => /\.\w+$/.test(file)).sort()).toEqual([
    "dist/access-token.d.ts",
    "dist/access-token.js",
    "dist/index.d.ts",
    "dist/index.js",
    "dist/verify.d.ts",
    "dist/verify.js",
    "package.json",
  ]);
  const manifest = await readFile(join(folder, "package.json"), "utf8");
  expect(Object.keys(JSON.parse(manifest).exports)).toEqual([".", "./verify"]);
  expect(JSON.parse(manifest).dependencies.jose).toMatch(/^\^6/);
  expect(manifest).not.toMatch(/workspace:|catalog:|\.\/src\//);
});

test("everything that the core imports is declared as its dependency", async () => {
  const folder = join(bare.folder, "node_modules/@latchkey/auth");
  const { dependencies } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  const code = await Promise.all(
    ["index.js", "index.d.ts"].map((file) => readFile(join(folder, "dist", file), "utf8")),
  );
  const imports = [...code.join("\n").matchAll(/^import .* from "([^.].*?)";$/gm)].map(([, name = ""]) => name);
  const packages = imports.flatMap((name) => /^(?!node:)(@[^/]+\/)?[^/]+/.exec(name)?.[0] ?? []);
  expect(packages.filter((name) => !(name in dependencies))).toEqual([]);
  expect(packages).toContain("kysely");
  expect(code.join("\n")).not.toMatch(/^declare module/m);
});

test("with jose alone beside it, the verifier refuses forged tokens and takes real ones, by the service's JWKS", async () => {
  await using live = await startLiveServer();
  await using stranger = await startLiveServer();
  const [{ token, user }, { token: foreign }] = await Promise.all([signUp(live), signUp(stranger)]);
  await bare.addProgram("verify-tokens.mjs");

  const jwks = `${live.url}/.well-known/jwks.json`;
  const { exitCode, output } = await bare.run("verify-tokens.mjs", jwks, forge(token), foreign, `${token}=`, token);

  const refused = "refused: token_invalid\n";
  expect(output).toBe(`${refused}${refused}${refused}good: ${user.id}\n`);
  expect(exitCode).toBe(0);
});

test.each(compilerSetups)(
  "the README's API, its client and all of the verifier compile with $compiler and $resolution",
  async (setup) => {
    await team.write("server.ts", readExample("createTokenVerifier"));
    await team.write("client.ts", readExample("auth.link("));
    await team.addProgram("typed-verifier.ts");

    const files = ["server.ts", "client.ts", "typed-verifier.ts"];
    expect(await team.typecheck(setup, files)).toEqual({ exitCode: 0, output: "" });
  },
);

test("the README's API knows its caller by the SDK's token, and tells strangers and forgers why not", async () => {
  await using live = await startLiveServer();
  const { token } = await signUp(live);
  await team.write("server.ts", readExample("createTokenVerifier", live.url));
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
