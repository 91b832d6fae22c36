import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ajv } from "ajv";
import addFormats from "ajv-formats";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writeSbom } from "./sbom.ts";
import { readManifest, readWorkspace, root } from "./workspace.ts";

interface Component {
  readonly name: string;
  readonly group?: string;
  readonly version: string;
  readonly purl: string;
  readonly externalReferences?: readonly { readonly type: string; readonly hashes?: readonly unknown[] }[];
}

let folder: string;
let bom: { readonly components: readonly Component[] };
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "latchkey-sbom-"));
  bom = JSON.parse(await readFile(await writeSbom(folder), "utf8"));
}, 120_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

const nameOf = ({ group, name }: Component) => (group ? `${group}/${name}` : name);

/** Reads a schema of the standard's own, which its library ships. */
async function readSchema(name: string): Promise<object> {
  const library = createRequire(import.meta.url).resolve("@cyclonedx/cyclonedx-library/package.json");
  return JSON.parse(await readFile(join(library, "../res/schema", `${name}.SNAPSHOT.schema.json`), "utf8"));
}

test("is what the schema of CycloneDX 1.6 says", async () => {
  const ajv = new Ajv({ strict: false, allErrors: true, formats: { "iri-reference": true, "idn-email": true } });
  addFormats.default(ajv);
  for (const name of ["spdx", "jsf-0.82"])
    ajv.addSchema({ ...(await readSchema(name)), $id: `http://cyclonedx.org/schema/${name}.SNAPSHOT.schema.json` });
  const isValid = ajv.compile(await readSchema("bom-1.6"));
  expect(isValid(bom) ? [] : isValid.errors).toEqual([]);
  expect(isValid({ ...bom, specVersion: 1 })).toBe(false);
});

test("has everything that the packages and the service need to run, and nothing of the tools", async () => {
  const { packages } = await readWorkspace();
  const manifests = [...packages.map(({ manifest }) => manifest), await readManifest(join(root, "apps/api"))];
  const needed = manifests.flatMap(({ dependencies = {} }) => Object.keys(dependencies));
  const listed = bom.components.map(nameOf);
  expect(needed.length).toBeGreaterThan(20);
  expect(needed.filter((name) => !listed.includes(name))).toEqual([]);
  for (const tool of ["vitest", "turbo", "@biomejs/biome", "fast-check"]) expect(listed).not.toContain(tool);
});

test("says of each component of others where it comes from, with a hash", () => {
  const others = bom.components.filter(({ group }) => group !== "@latchkey");
  expect(others.length).toBeGreaterThan(50);
  const unhashed = others.filter(
    ({ externalReferences = [] }) =>
      !externalReferences.some(({ type, hashes = [] }) => type === "distribution" && hashes[0]),
  );
  expect(unhashed.map(nameOf)).toEqual([]);
  for (const { purl } of others) expect(purl).toMatch(/^pkg:npm\/[^?]+@[^@?]+$/);
});

test("has every component that SECURITY.md calls risky, and the days in which flaws are mended stand there", async () => {
  const policy = await readFile(join(root, "SECURITY.md"), "utf8");
  const [, risky = ""] = policy.split("## Risky components");
  const named = [...(risky.split("\n## ")[0]?.matchAll(/^\| `([^`]+)`/gm) ?? [])].map(([, name]) => name);
  const listed = bom.components.map(nameOf);
  expect(named.length).toBeGreaterThan(5);
  expect(named.filter((name) => !listed.includes(name ?? ""))).toEqual([]);
  for (const severity of ["critical", "high", "medium", "low"])
    expect(policy).toMatch(new RegExp(`^\\| ${severity} \\| \\d+ days? \\|`, "m"));
});
