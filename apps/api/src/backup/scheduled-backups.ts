import { mkdir, readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "pino";
import { readDraftName, writeBackupFile } from "./backup-file.ts";

export interface BackupSchedule {
  readonly folder: string;
  /** Seconds from one to the next. */
  readonly every: number;
  /** How many are kept: the newest. */
  readonly keep: number;
  /** Told when the newest one was made, in milliseconds since 1970. */
  readonly onDone?: (at: number) => void;
}

/** Milliseconds by which a file may be ahead of the clock, which two machines do not have quite alike. */
const farthestAhead = 3_600_000;

/** Milliseconds after which nobody writes a draft any more. */
const oldestDraft = 86_400_000;

/** Milliseconds between two looks whether one is due, and before one that failed is tried again. */
const longestRest = 600_000;

const namePattern = /^latchkey-(\d{4}-\d{2}-\d{2})T(\d{2})-(\d{2})-(\d{2})Z\.backup$/;

const toFileName = (at: Date) => `latchkey-${at.toISOString().slice(0, 19).replaceAll(":", "-")}Z.backup`;

function toTime(name: string): number {
  const [, day, hour, minute, second] = namePattern.exec(name) ?? [];
  return Date.parse(`${day}T${hour}:${minute}:${second}Z`);
}

/**
 * Writes backups by the clock, beginning with the one that is due since the last start, and deletes those beyond the number to keep.
 *
 * @returns what ends it: a backup that is being written is given up, and nothing of it is left once the promise resolves
 */
export function scheduleBackups(
  read: () => AsyncIterable<Buffer>,
  schedule: BackupSchedule,
  log: Logger,
): () => Promise<void> {
  const stopped = new AbortController();
  let timer: NodeJS.Timeout;
  let looking = Promise.resolve();

  async function look(): Promise<void> {
    try {
      await backUpWhenDue(read, { ...schedule, signal: stopped.signal }, log);
    } catch (error) {
      if (stopped.signal.aborted) return;
      log.error({ err: error }, "a backup failed; trying again in ten minutes");
    }
    if (!stopped.signal.aborted) timer = lookAfter(Math.min(schedule.every * 1_000, longestRest));
  }

  const lookAfter = (milliseconds: number) =>
    setTimeout(() => {
      looking = look();
    }, milliseconds).unref();

  timer = lookAfter(0);
  return async () => {
    stopped.abort();
    clearTimeout(timer);
    await looking;
  };
}

async function backUpWhenDue(
  read: () => AsyncIterable<Buffer>,
  { folder, every, keep, onDone = () => {}, signal }: BackupSchedule & { readonly signal: AbortSignal },
  log: Logger,
): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await clearDrafts(folder);
  const now = new Date();
  const { present, ahead } = await listBackups(folder, now);
  if (ahead.length > 0)
    log.warn({ files: ahead }, "backups of a time that has not come are left alone: look at the clock");
  const newest = present.at(-1);
  if (newest !== undefined) onDone(toTime(newest));
  if (newest !== undefined && now.getTime() - toTime(newest) < every * 1_000) return;
  const file = join(folder, toFileName(now));
  const { rows } = await writeBackupFile(file, read(), signal);
  log.info({ file, rows }, "backed up");
  onDone(now.getTime());
  // Only after a new one is there and whole.
  const old = (await listBackups(folder, now)).present.slice(0, -keep);
  await Promise.all(old.map((name) => rm(join(folder, name), { force: true })));
}

/** The oldest first; files of other names are somebody else's. What a clock that was wrong has named says nothing of what is due. */
async function listBackups(folder: string, now: Date) {
  const names = (await readdir(folder)).filter((name) => namePattern.test(name)).sort();
  const isAhead = (name: string) => toTime(name) > now.getTime() + farthestAhead;
  return { present: names.filter((name) => !isAhead(name)), ahead: names.filter(isAhead) };
}

/** Takes away what processes that were killed have left of backups. */
async function clearDrafts(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const draft = readDraftName(name);
    if (!draft || !namePattern.test(draft.path)) continue;
    const path = join(folder, name);
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Number.NaN }));
    // This process writes one at a time, and in a container others before it had the same number.
    const isOver = draft.pid === process.pid || !isAlive(draft.pid) || Date.now() - mtimeMs > oldestDraft;
    if (isOver) await rm(path, { force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
