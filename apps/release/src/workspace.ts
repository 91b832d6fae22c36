import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";

/** The repository's root. */
export const root = fileURLToPath(new URL("../../../", import.meta.url));

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly publishConfig?: Readonly<Record<string, unknown>>;
  readonly repository?: { readonly type: string; readonly url: string; readonly directory?: string };
}

/** A package that is published. */
export interface PublishedPackage {
  readonly folder: string;
  readonly manifest: Manifest;
}

export interface Workspace {
  readonly root: Manifest;
  /** Every published package, each behind those of ours that it is built from. */
  readonly packages: readonly PublishedPackage[];
  /** The versions that `catalog:` stands for. */
  readonly catalog: Readonly<Record<string, string>>;
}

export async function readWorkspace(): Promise<Workspace> {
  const folders = (await readdir(join(root, "packages"))).map((name) => join(root, "packages", name));
  const found = await Promise.all(folders.map(async (folder) => ({ folder, manifest: await readManifest(folder) })));
  const { catalog = {} } = parse(await readFile(join(root, "pnpm-workspace.yaml"), "utf8"));
  const packages = inOrderOfBuilding(found.filter(({ manifest }) => !manifest.private));
  return { root: await readManifest(root), packages, catalog };
}

export async function readManifest(folder: string): Promise<Manifest> {
  return JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
}

function inOrderOfBuilding(packages: readonly PublishedPackage[]): PublishedPackage[] {
  const ordered = new Set<PublishedPackage>();
  const visit = (one: PublishedPackage) => {
    const { dependencies, devDependencies } = one.manifest;
    for (const name of Object.keys({ ...dependencies, ...devDependencies })) {
      const needed = packages.find(({ manifest }) => manifest.name === name);
      if (needed && !ordered.has(needed)) visit(needed);
    }
    ordered.add(one);
  };
  for (const one of packages) visit(one);
  return [...ordered];
}
