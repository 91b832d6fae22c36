import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { pnpm } from "./run.ts";
import { writeSbom } from "./sbom.ts";
import { readWorkspace, root } from "./workspace.ts";

/** Raises versions and writes changelogs from the notes in `.changeset`. All packages have one version. */
export async function versionAll(): Promise<void> {
  await pnpm(["changeset", "version"], root);
  await pnpm(["install", "--lockfile-only"], root);
}

/** Packs every package into `out`, and answers the tarballs, each behind those that it depends on, and then the list of what is in them. */
export async function packAll(out: string): Promise<string[]> {
  const folder = resolve(process.env.INIT_CWD ?? root, out);
  await mkdir(folder, { recursive: true });
  const tarballs: string[] = [];
  for (const { folder: source, manifest } of (await readWorkspace()).packages) {
    const tarball = join(folder, `${manifest.name.replace(/^@/, "").replace("/", "-")}-${manifest.version}.tgz`);
    await pnpm(["pack", "--out", tarball], source);
    tarballs.push(tarball);
  }
  return [...tarballs, await writeSbom(folder)];
}

export interface PublishOptions {
  readonly registry: string;
  readonly tag: string;
  readonly dryRun?: boolean;
}

/**
 * Publishes what the registry does not have, each package behind those that it depends on. Running it again after a failure goes on
 * where it stopped.
 */
export async function publishAll({ registry, tag, dryRun }: PublishOptions): Promise<void> {
  if (!URL.canParse(registry)) throw new Error(`--registry ${registry} is not an address`);
  for (const { folder, manifest } of (await readWorkspace()).packages) {
    const name = `${manifest.name}@${manifest.version}`;
    if (await isPublished(name, registry)) {
      process.stdout.write(`${name} is there already\n`);
      continue;
    }
    const words = ["publish", "--registry", registry, "--tag", tag, "--no-git-checks", "--access", "public"];
    await pnpm(dryRun ? [...words, "--dry-run"] : words, folder);
    process.stdout.write(dryRun ? `${name} would be published\n` : `${name} is published\n`);
  }
}

/** Throws when the registry does not answer. */
async function isPublished(name: string, registry: string): Promise<boolean> {
  try {
    const view = ["view", name, "version", "--json", "--registry", registry];
    const { stdout } = await promisify(execFile)("npm", view, { timeout: 60_000 });
    return stdout.trim() !== "";
  } catch (error) {
    if (String((error as { stdout?: string }).stdout).includes("E404")) return false;
    throw new Error(`The registry ${registry} does not answer`, { cause: error });
  }
}
