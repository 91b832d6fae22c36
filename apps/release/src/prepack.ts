import { access, copyFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { toPublishable } from "./publishable.ts";
import { isRunByPnpm, pnpm, run } from "./run.ts";
import { readManifest, readWorkspace, type Workspace } from "./workspace.ts";

/** Where a package's own manifest is while another packing program than pnpm reads the one that is published. */
const aside = "package.json.original";

/**
 * What `prepack` of every package runs: builds it, so that a tarball from a fresh clone is complete. For npm, Yarn and Bun it also
 * puts the manifest in place that pnpm would make by itself; `postpack` takes it back.
 */
export async function prepack(folder: string): Promise<void> {
  await restore(folder);
  const workspace = await readWorkspace();
  const { name } = await readManifest(folder);
  if (isRunByPnpm()) return pnpm(["turbo", "run", "build", `--filter=${name}`, "--output-logs=errors-only"], folder);
  await buildWithout(workspace, name);
  await copyFile(join(folder, "package.json"), join(folder, aside));
  const publishable = toPublishable(await readManifest(folder), folder, workspace);
  await writeFile(join(folder, "package.json"), `${JSON.stringify(publishable, null, 2)}\n`);
}

export const postpack = (folder: string): Promise<void> => restore(folder);

/** Takes back the package's own manifest, also after a packing that was broken off. */
async function restore(folder: string): Promise<void> {
  const isAside = await access(join(folder, aside)).then(
    () => true,
    () => false,
  );
  if (isAside) await rename(join(folder, aside), join(folder, "package.json"));
}

/** turbo needs pnpm, which may not be there: builds all that come first, one after the other. */
async function buildWithout({ packages }: Workspace, name: string): Promise<void> {
  const last = packages.findIndex(({ manifest }) => manifest.name === name);
  for (const { folder } of packages.slice(0, last + 1)) await run("npm", ["run", "build"], folder);
}
