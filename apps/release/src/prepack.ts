import { copyFile, cp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { readReleaseNotes, toPackedChangelog } from "./changelog.ts";
import { toPublishable } from "./publishable.ts";
import { isRunByPnpm, pnpm, run } from "./run.ts";
import { readManifest, readWorkspace, root, type Workspace } from "./workspace.ts";

/** Where a package's own files are while the packing program reads those that are published. An empty one: there was none. */
const aside = (file: string) => `${file}.original`;
const replaced = ["package.json", "CHANGELOG.md"] as const;

/**
 * What `prepack` of every package runs: builds it, so that a tarball from a fresh clone is complete, and puts the manifest and the
 * changelog in place that are published; `postpack` takes them back.
 */
export async function prepack(folder: string): Promise<void> {
  await restore(folder);
  const workspace = await readWorkspace();
  const { name } = await readManifest(folder);
  await build(workspace, name, folder);
  const published = await toPublished(folder, workspace);
  for (const file of replaced) await replace(join(folder, file), published[file]);
}

export const postpack = (folder: string): Promise<void> => restore(folder);

/**
 * Copies a built package as it is published, to be packed while others work with its folder: until `postpack`, nobody finds there what the
 * workspace alone may import.
 */
export async function stage(folder: string, target: string): Promise<void> {
  const published = await toPublished(folder, await readWorkspace());
  await cp(folder, target, { recursive: true, filter: (source) => basename(source) !== "node_modules" });
  for (const file of replaced) await writeFile(join(target, file), published[file]);
}

/** What stands in a tarball for a package's own files. */
async function toPublished(folder: string, workspace: Workspace): Promise<Record<(typeof replaced)[number], string>> {
  const manifest = await readManifest(folder);
  const publishable = toPublishable(manifest, folder, workspace);
  const [told, notes] = await Promise.all([
    readFile(join(folder, "CHANGELOG.md"), "utf8").catch(orEmpty),
    readReleaseNotes(join(root, ".changeset")),
  ]);
  return {
    "package.json": `${JSON.stringify(publishable, null, 2)}\n`,
    "CHANGELOG.md": toPackedChangelog(manifest.name, told, notes),
  };
}

async function replace(file: string, text: string): Promise<void> {
  await copyFile(file, aside(file)).catch(async (error) => {
    orNull(error);
    await writeFile(aside(file), "");
  });
  await writeFile(file, text);
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
