import { randomUUID } from "node:crypto";
import { link, mkdir, open, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { createSecret, StartError } from "@latchkey/auth";
import { strongSecrets } from "./setting-formats.ts";

/**
 * The service's own secret, made at the first start and kept in the data folder, readable by its owner only. Of several
 * processes that start at once, all get the same one. While another takes its place, both are there, a line each, the new one first.
 *
 * @throws StartError when the file cannot be read or holds something else
 */
export async function readOrMakeSecret(dataDir: string): Promise<readonly [string, ...string[]]> {
  const path = join(dataDir, "secret");
  try {
    const secrets = strongSecrets.safeParse((await readSecret(path)) ?? (await makeSecret(dataDir, path)));
    if (secrets.data) return secrets.data;
  } catch (cause) {
    throw new StartError(
      `The secret in ${path} cannot be read or made (${String(cause)}). Set LATCHKEY_SECRET, or give this user the folder.`,
      { cause },
    );
  }
  throw new StartError(
    `${path} does not hold a secret of ours. Restore it from a backup, or set LATCHKEY_SECRET to what it was.`,
  );
}

async function readSecret(path: string): Promise<string | null> {
  try {
    return (await readFile(path, "utf8")).trim();
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
}

/** Written aside and linked into place, so that nobody ever reads half of it and the first one there wins. */
async function makeSecret(dataDir: string, path: string): Promise<string> {
  await mkdir(dataDir, { recursive: true });
  const draft = join(dataDir, `.secret.${randomUUID()}`);
  try {
    const file = await open(draft, "wx", 0o600);
    await file.writeFile(`${createSecret()}\n`);
    await file.sync();
    await file.close();
    await link(draft, path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
    });
  } finally {
    await rm(draft, { force: true });
  }
  return (await readFile(path, "utf8")).trim();
}
