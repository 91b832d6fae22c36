import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createOutsideProject, type OutsideProject, pack } from "./outside-project.ts";

let project: OutsideProject;

beforeAll(async () => {
  project = await createOutsideProject();
  await project.extract(await pack("auth"), "@latchkey/auth");
});

afterAll(() => project[Symbol.asyncDispose]());

test("what is published holds built code and types, no source and no tests, and points at no workspace", async () => {
  const folder = join(project.folder, "node_modules/@latchkey/auth");
  const files = await readdir(folder, { recursive: true });
  const named = files.filter((file) => /\.\w+$/.test(file));
  // What the two entries share is in files of its own.
  const [entries, built] = [/^dist\/(index|internal)\.(d\.ts|js)$/, /^dist\/[\w-]+(\.data)?\.(d\.ts|js)$/];
  expect(named.filter((file) => entries.test(file))).toHaveLength(4);
  expect(named.filter((file) => !built.test(file)).sort()).toEqual(["CHANGELOG.md", "README.md", "package.json"]);
  const manifest = await readFile(join(folder, "package.json"), "utf8");
  expect(Object.keys(JSON.parse(manifest).exports)).toEqual([".", "./internal"]);
  expect(manifest).not.toMatch(/workspace:|catalog:|\.\/src\//);
});

test("everything that the core imports is declared as its dependency", async () => {
  const folder = join(project.folder, "node_modules/@latchkey/auth");
  const { dependencies } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  const code = await Promise.all(
    (await readdir(join(folder, "dist"))).map((file) => readFile(join(folder, "dist", file), "utf8")),
  );
  const imports = [...code.join("\n").matchAll(/^import .* from "([^.].*?)";$|\bimport\("([^.].*?)"\)/gm)].map(
    ([, name, later = ""]) => name ?? later,
  );
  const packages = imports.flatMap((name) => /^(?!node:)(@[^/]+\/)?[^/]+/.exec(name)?.[0] ?? []);
  expect(packages.filter((name) => !(name in dependencies))).toEqual([]);
  expect(packages).toEqual(expect.arrayContaining(["kysely", "@zxcvbn-ts/language-common"]));
  expect(code.join("\n")).not.toMatch(/^declare module/m);
});
