import { copyFile, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readReleaseNotes, toPackedChangelog } from "./changelog.ts";
import { toPublishable } from "./publishable.ts";
import { isRunByPnpm, pnpm, run } from "./run.ts";
import { readManifest, readWorkspace, root, type Workspace } from "./workspace.ts";

/** Where a package's own files are while the packing program reads those that are published. An empty one: there was none. */
const aside = (file: string) => `${file}.original`;
const replaced = ["package.json", "CHANGELOG.md"];

/**
 * What `prepack` of every package runs: builds it, so that a tarball from a fresh clone is complete, and puts the manifest and the
 * changelog in place that are published; `postpack` takes them back.
 */
export async function prepack(folder: string): Promise<void> {
  await restore(folder);
  const workspace = await readWorkspace();
  const manifest = await readManifest(folder);
  await build(workspace, manifest.name, folder);
  const publishable = toPublishable(manifest, folder, workspace);
  await replace(join(folder, "package.json"), () => `${JSON.stringify(publishable, null, 2)}\n`);
  const notes = await readReleaseNotes(join(root, ".changeset"));
  await replace(join(folder, "CHANGELOG.md"), (told) => toPackedChangelog(manifest.name, told, notes));
}

export const postpack = (folder: string): Promise<void> => restore(folder);

async function replace(file: string, toPublished: (own: string) => string): Promise<void> {
  const own = await readFile(file, "utf8").catch(orEmpty);
  if (own) await copyFile(file, aside(file));
  else await writeFile(aside(file), "");
  await writeFile(file, toPublished(own));
}

/** Takes back the package's own files, also after a packing that was broken off. */
async function restore(folder: string): Promise<void> {
  for (const file of replaced.map((name) => join(folder, name))) {
    const own = await readFile(aside(file), "utf8").catch(orNull);
    if (own) await rename(aside(file), file);
    else if (own === "") await Promise.all([rm(file, { force: true }), rm(aside(file))]);
  }
}

async function build(workspace: Workspace, name: string, folder: string): Promise<void> {
  if (isRunByPnpm()) await pnpm(["turbo", "run", "build", `--filter=${name}`, "--output-logs=errors-only"], folder);
  else await buildWithout(workspace, name);
}

/** turbo needs pnpm, which may not be there: builds all that come first, one after the other. */
async function buildWithout({ packages }: Workspace, name: string): Promise<void> {
  const last = packages.findIndex(({ manifest }) => manifest.name === name);
  for (const { folder } of packages.slice(0, last + 1)) await run("npm", ["run", "build"], folder);
}

function orNull(error: NodeJS.ErrnoException): null {
  if (error.code === "ENOENT") return null;
  throw error;
}

const orEmpty = (error: NodeJS.ErrnoException): string => orNull(error) ?? "";
