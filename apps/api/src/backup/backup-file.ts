import { createReadStream, createWriteStream } from "node:fs";
import { link, open, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createGzip } from "node:zlib";
import { type BackupHeader, StartError } from "@latchkey/auth";
import { readBackup } from "@latchkey/auth/internal";

/** What was read back. */
export interface BackupSummary {
  readonly header: BackupHeader;
  readonly rows: number;
}

/**
 * Writes a backup to a new file that its owner alone may read, reads it back, and only then gives it its name: a file of that name is
 * whole. When it is told to end in the midst, nothing of it stays.
 *
 * @throws StartError when there is such a file already, or it cannot be written
 */
export async function writeBackupFile(
  path: string,
  source: AsyncIterable<Buffer>,
  signal: AbortSignal = new AbortController().signal,
): Promise<BackupSummary> {
  const draft = toDraftName(path, process.pid);
  try {
    const file = createWriteStream(draft, { flags: "wx", mode: 0o600, flush: true });
    await pipeline(Readable.from(source), createGzip({ level: 3 }), file, { signal }).catch(cannotWrite(path));
    const summary = await verifyBackupFile(draft, signal);
    // A name that is taken is never replaced: it may be the backup that is wanted.
    await link(draft, path).catch(cannotWrite(path));
    await syncFolder(dirname(path));
    return summary;
  } finally {
    await rm(draft, { force: true });
  }
}

/** What a backup is called until it is whole; a process that is killed leaves it behind. */
export const toDraftName = (path: string, pid: number) => `${path}.${pid}.partial`;

const draftPattern = /\.(\d+)\.partial$/;

/** By whom a draft is written, and the name that it is to get; null for a file that is none. */
export function readDraftName(name: string): { readonly pid: number; readonly path: string } | null {
  const [end, pid] = draftPattern.exec(name) ?? [];
  return end === undefined ? null : { pid: Number(pid), path: name.slice(0, -end.length) };
}

export const isSystemError = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && "syscall" in error && "code" in error;

export const cannotWrite = (path: string) => (cause: unknown) => {
  if (!isSystemError(cause)) throw cause;
  const why = cause.code === "EEXIST" ? "there is such a file already" : `it cannot be written (${cause.code})`;
  throw new StartError(`${path}: ${why}`, { cause });
};

export async function syncFolder(folder: string): Promise<void> {
  // Some systems let nobody sync a folder.
  const handle = await open(folder).catch(() => null);
  await handle?.sync().catch(() => {});
  await handle?.close();
}

/**
 * Reads a backup to its end.
 *
 * @throws StartError in one line with the file's path
 */
export async function verifyBackupFile(path: string, signal?: AbortSignal): Promise<BackupSummary> {
  let header: BackupHeader | undefined;
  for await (const part of readBackup(readBackupFile(path))) {
    signal?.throwIfAborted();
    if ("header" in part) header = part.header;
    if ("end" in part && header) return { header, rows: part.end.rows.reduce((sum, count) => sum + count, 0) };
  }
  throw new StartError(`${path}: this is no backup of Latchkey`);
}

/**
 * The bytes of a backup.
 *
 * @throws StartError when the file cannot be read or is damaged
 */
export async function* readBackupFile(path: string): AsyncGenerator<Buffer> {
  const file = createReadStream(path);
  const unzip = createGunzip();
  // A file that cannot be read ends the one that is read from.
  file.on("error", (error) => unzip.destroy(error)).pipe(unzip);
  try {
    for await (const bytes of unzip) yield bytes;
  } catch (cause) {
    if (isSystemError(cause)) throw new StartError(`${path} cannot be read (${cause.code})`, { cause });
    throw new StartError(`${path} is damaged, cut off or no backup of Latchkey`, { cause });
  } finally {
    file.destroy();
  }
}
