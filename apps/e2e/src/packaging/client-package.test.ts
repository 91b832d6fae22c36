import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startLiveServer } from "../live-server.ts";
import { compilerSetups, createOutsideProject, type OutsideProject, pack } from "./outside-project.ts";
import { readExample } from "./readme.ts";

let project: OutsideProject;

beforeAll(async () => {
  project = await createOutsideProject();
  const tarball = await pack("client", project);
  const trpc = { "@trpc/client": "^11.25.0", "@trpc/server": "^11.25.0" };
  await project.install({ "@latchkey/client": `file:${tarball}`, ...trpc });
});

afterAll(() => project[Symbol.asyncDispose]());

const readInstalled = (file: string) => readFile(join(project.folder, "node_modules/@latchkey/client", file), "utf8");
const readImports = (code: string) => new Set([...code.matchAll(/(?:from |import\()"(.+?)"/g)].map(([, name]) => name));

test("the package's types lead to @trpc and name nothing of the server", async () => {
  const types = await readInstalled("dist/index.d.ts");
  expect(readImports(types)).toEqual(new Set(["@trpc/client", "@trpc/server", "@trpc/server/rpc"]));
  expect(types).not.toMatch(/\b(kysely|pg|postgres|zod|bcrypt|jose|hono|pino)\b|node:|Context/);
});

test("the package's code needs @trpc and nothing else, and its manifest points at nothing of the workspace", async () => {
  expect(readImports(await readInstalled("dist/index.js"))).toEqual(
    new Set(["@trpc/client", "@trpc/server/observable"]),
  );
  const manifest = JSON.parse(await readInstalled("package.json"));
  expect(manifest.exports).toEqual({ ".": { types: "./dist/index.d.ts", default: "./dist/index.js" } });
  expect(manifest.dependencies).toBeUndefined();
  expect(Object.keys(manifest.peerDependencies)).toEqual(["@trpc/client", "@trpc/server"]);
});

test.each(compilerSetups)("a program that uses all of it compiles with $compiler and $resolution", async (setup) => {
  await project.addProgram("typed-consumer.ts");
  await project.write("sign-in.ts", readExample("auth.signIn("));
  await project.write("settings.ts", readExample("localStorageStorage()"));

  const files = ["typed-consumer.ts", "sign-in.ts", "settings.ts"];
  expect(await project.typecheck(setup, files)).toEqual({ exitCode: 0, output: "" });
});

test("the README's program signs in by phone number, reads the account and signs out, as installed", async () => {
  await using live = await startLiveServer();
  const { auth, database } = live.test;
  await auth.createUser({ username: "alice", phoneNumber: "+90 532 123 45 67", password: "correct horse battery" });
  await project.write("run.ts", readExample("auth.signIn(", live.url));

  const { exitCode, output } = await project.run("run.ts");

  expect(output).toContain("Hello, alice\n");
  expect(output).toContain("phoneNumber: '+905321234567'");
  expect(exitCode).toBe(0);
  expect(await database.query("select end_reason from latchkey.sessions")).toEqual([{ end_reason: "signed_out" }]);
});
