import { access, constants, stat } from "node:fs/promises";
import { dirname } from "node:path";

/** Why this user could not write a backup into a folder, or make it, in a line each; nothing is written. */
export async function findFolderFaults(folder: string | undefined): Promise<string[]> {
  if (folder === undefined) return [];
  const code = await findFault(folder);
  return code === null
    ? []
    : [`BACKUP_DIR is ${folder}, in which this user cannot write (${code}): no backup is made.`];
}

async function findFault(path: string): Promise<string | null> {
  try {
    if (!(await stat(path)).isDirectory()) return "ENOTDIR";
    await access(path, constants.W_OK | constants.X_OK);
    return null;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    return code === "ENOENT" && dirname(path) !== path ? findFault(dirname(path)) : code;
  }
}
