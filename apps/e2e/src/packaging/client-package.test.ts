import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { procedures } from "@latchkey/api/procedures";
import { shareOut } from "@latchkey/auth/testing";
import type { AnyTRPCProcedure } from "@trpc/server";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startLiveServer } from "../live-server.ts";
import { compilerSetups, createOutsideProject, type OutsideProject, pack } from "./outside-project.ts";
import { findExample, readExample } from "./readme.ts";

let project: OutsideProject;

beforeAll(async () => {
  project = await createOutsideProject();
  for (const name of ["@trpc/client", "@trpc/server", "react", "@types/react"]) await project.borrow(name);
  await project.extract(await pack("client"), "@latchkey/client");
});

afterAll(() => project[Symbol.asyncDispose]());

const readInstalled = (file: string) => readFile(join(project.folder, "node_modules/@latchkey/client", file), "utf8");
const readAll = async (ending: string, ...without: readonly string[]) => {
  const files = await readdir(join(project.folder, "node_modules/@latchkey/client/dist"));
  const wanted = files.filter((file) => file.endsWith(ending) && !without.includes(file));
  return Promise.all(wanted.map((file) => readInstalled(`dist/${file}`)));
};
const readForeignImports = (code: string) => new Set([...readImports(code)].filter((name) => !name?.startsWith(".")));
const readImports = (code: string) => new Set([...code.matchAll(/(?:from |import\()"(.+?)"/g)].map(([, name]) => name));

test("the package's types lead to @trpc and name nothing of the server", async () => {
  const types = (await readAll(".d.ts")).join("\n");
  expect(readForeignImports(types)).toEqual(new Set(["@trpc/client", "@trpc/server", "@trpc/server/rpc", "react"]));
  expect(types).not.toMatch(/\b(kysely|pg|postgres(?!:)|zod|bcrypt|jose|hono|pino)\b|node:|Context/);
});

/** Hooks that are imported apart from the others. */
const hooks = ["second-factor-react.js", "passkeys-react.js", "reauthenticate-react.js"];

test("the package's code needs @trpc, its part for React also that, and its manifest points at nothing of the workspace", async () => {
  const trpc = new Set(["@trpc/client", "@trpc/server/observable"]);
  expect(readForeignImports((await readAll(".js", "react.js", ...hooks)).join("\n"))).toEqual(trpc);
  expect(readForeignImports(await readInstalled("dist/react.js"))).toEqual(new Set(["react"]));
  expect(await readInstalled("dist/react.js")).toMatch(/^"use client";/);
  for (const part of hooks) {
    expect(readForeignImports(await readInstalled(`dist/${part}`)), part).toEqual(new Set(["react"]));
    expect(await readInstalled(`dist/${part}`), part).toMatch(/^"use client";/);
  }
  const manifest = JSON.parse(await readInstalled("package.json"));
  const file = (name: string) => ({ types: `./dist/${name}.d.ts`, default: `./dist/${name}.js` });
  expect(manifest.exports).toEqual({
    ".": file("index"),
    "./codes": file("codes"),
    "./passkeys": file("passkeys"),
    "./passkeys/react": file("passkeys-react"),
    "./react": file("react"),
    "./reauthenticate/react": file("reauthenticate-react"),
    "./redirect": file("redirect"),
    "./second-factor": file("second-factor"),
    "./second-factor/react": file("second-factor-react"),
    "./server": file("server"),
  });
  expect(manifest.dependencies).toBeUndefined();
  expect(manifest.peerDependencies).toEqual({
    "@trpc/client": "^11.4.0",
    "@trpc/server": "^11.4.0",
    react: ">=18.0.0",
  });
  expect(manifest.peerDependenciesMeta).toEqual({ react: { optional: true } });
});

/** Every procedure of the service by its path, such as `me.get`. */
function listProcedures(record: object, prefix = ""): [path: string, procedure: AnyTRPCProcedure][] {
  return Object.entries(record).flatMap(([name, value]) =>
    typeof value === "function" ? [[`${prefix}${name}`, value]] : listProcedures(value, `${prefix}${name}.`),
  );
}

const everyProcedure = listProcedures(procedures);

/** A program that exports a function for every procedure, and says no type of what it answers. */
function writeEveryCall(): string {
  const calls = everyProcedure.map(([path, { _def }], at) => {
    const procedure = `auth.api.${path}.${_def.type === "query" ? "query" : "mutate"}`;
    return `export const call${at} = (...input: Parameters<typeof ${procedure}>) => ${procedure}(...input);`;
  });
  const client = 'import { createAuthClient } from "@latchkey/client";\nconst auth = createAuthClient({ url: "/" });';
  return [client, ...calls].join("\n");
}

const declared = ["declared-consumer.ts", "declared-components.ts"];

for (const { tags, cases } of shareOut(compilerSetups, 2))
  test.each(cases)(
    "a program that uses all of it compiles, and what it exports of every procedure can be declared, with $compiler and $resolution",
    { tags },
    async (setup) => {
      const programs = ["typed-consumer.ts", "transforming-consumer.ts", ...declared];
      for (const file of programs) await project.addProgram(file);
      await project.write("sign-in.ts", await readExample("auth.signIn("));
      await project.write("settings.ts", await findExample("docs/sdk.md", "localStorageStorage()"));

      await project.write("every-call.ts", writeEveryCall());

      const files = [...programs, "sign-in.ts", "settings.ts", "every-call.ts"];
      expect(await project.declare(setup, files)).toEqual({ exitCode: 0, output: "" });
      const types = await readFile(join(project.folder, "types/declared-consumer.d.ts"), "utf8");
      expect(types).toContain('import("@latchkey/client").AuthClient<import("@latchkey/client").AppRouter>');
      expect(types).not.toMatch(/\bany\b|mounted-router/);
      const calls = await readFile(join(project.folder, "types/every-call.d.ts"), "utf8");
      expect(calls.match(/^export declare const call/gm)).toHaveLength(everyProcedure.length);
      expect(calls).not.toMatch(/\bany\b|mounted-router/);
    },
  );

test.each(compilerSetups)(
  "a program that uses all of it, and its hooks, is little work for $compiler with $resolution",
  { tags: ["long"] },
  async (setup) => {
    for (const file of declared) await project.addProgram(file);
    expect(await project.countInstantiations(setup, declared)).toBeLessThanOrEqual(12_000);
  },
);

test("the README's program signs in by phone number, reads the account and signs out, as packed", async () => {
  await using live = await startLiveServer();
  const { auth, database } = live.test;
  await auth.createUser({ username: "alice", phoneNumber: "+90 532 123 45 67", password: "correct horse battery" });
  await project.write("run.ts", await readExample("auth.signIn(", live.url));

  const { exitCode, output } = await project.run("run.ts");

  expect(output).toContain("Hello, alice\n");
  expect(output).toContain("phoneNumber: '+905321234567'");
  expect(exitCode).toBe(0);
  expect(await database.query("select end_reason from latchkey.sessions")).toEqual([{ end_reason: "signed_out" }]);
});
