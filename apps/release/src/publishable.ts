import { relative } from "node:path";
import { type Manifest, root, type Workspace } from "./workspace.ts";

/** Fields of `publishConfig` that say how to publish; the others take the place of the manifest's own when it is published. */
const publishingFields = ["access", "registry", "tag", "provenance"];

/**
 * The manifest as it must stand in the tarball: exports that lead to what was built, real versions in place of `workspace:` and
 * `catalog:`, and nothing that only serves this repository. pnpm does the like by itself; npm, Yarn and Bun do not.
 */
export function toPublishable(manifest: Manifest, folder: string, workspace: Workspace): Manifest {
  const { scripts: _scripts, devDependencies: _devDependencies, publishConfig = {}, ...kept } = manifest;
  const [publishing, fields] = partition(publishConfig, (name) => publishingFields.includes(name));
  const { repository } = workspace.root;
  return {
    ...kept,
    ...fields,
    ...(Object.keys(publishing).length > 0 && { publishConfig: publishing }),
    ...(repository && { repository: { ...repository, directory: relative(root, folder) } }),
    ...withRealVersions("dependencies", manifest, workspace),
    ...withRealVersions("optionalDependencies", manifest, workspace),
    ...withRealVersions("peerDependencies", manifest, workspace),
  };
}

function withRealVersions(
  kind: "dependencies" | "optionalDependencies" | "peerDependencies",
  manifest: Manifest,
  workspace: Workspace,
): Partial<Manifest> {
  const dependencies = manifest[kind];
  if (!dependencies) return {};
  const real = Object.entries(dependencies).map(([name, range]) => [name, toRealRange(name, range, workspace)]);
  return { [kind]: Object.fromEntries(real) };
}

function toRealRange(name: string, range: string, { packages, catalog }: Workspace): string {
  if (range === "catalog:") return known(catalog[name], name, range);
  if (!range.startsWith("workspace:")) return range;
  const version = known(packages.find(({ manifest }) => manifest.name === name)?.manifest.version, name, range);
  const operator = range.slice("workspace:".length);
  return operator === "*" ? version : operator === "^" || operator === "~" ? `${operator}${version}` : operator;
}

function known(version: string | undefined, name: string, range: string): string {
  if (version === undefined) throw new Error(`${name}: nothing here says what ${range} stands for`);
  return version;
}

function partition(fields: Readonly<Record<string, unknown>>, isFirst: (name: string) => boolean) {
  const entries = Object.entries(fields);
  return [entries.filter(([name]) => isFirst(name)), entries.filter(([name]) => !isFirst(name))].map((some) =>
    Object.fromEntries(some),
  ) as [Record<string, unknown>, Record<string, unknown>];
}
