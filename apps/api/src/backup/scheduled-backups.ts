import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "pino";
import { writeBackupFile } from "./backup-file.ts";

export interface BackupSchedule {
  readonly folder: string;
  /** Seconds from one to the next. */
  readonly every: number;
  /** How many are kept: the newest. */
  readonly keep: number;
}

/** Milliseconds between two looks whether one is due, and before one that failed is tried again. */
const longestRest = 600_000;

const namePattern = /^latchkey-(\d{4}-\d{2}-\d{2})T(\d{2})-(\d{2})-(\d{2})Z\.backup$/;

const toFileName = (at: Date) => `latchkey-${at.toISOString().slice(0, 19).replaceAll(":", "-")}Z.backup`;

function toTime(name: string): number {
  const [, day, hour, minute, second] = namePattern.exec(name) ?? [];
  return Date.parse(`${day}T${hour}:${minute}:${second}Z`);
}

/** Writes backups by the clock, beginning with the one that is due since the last start, and deletes those beyond the number to keep. */
export function scheduleBackups(read: () => AsyncIterable<Buffer>, schedule: BackupSchedule, log: Logger): () => void {
  let isStopped = false;
  let timer: NodeJS.Timeout;

  async function look(): Promise<void> {
    try {
      await backUpWhenDue(read, schedule, log);
    } catch (error) {
      log.error({ err: error }, "a backup failed; trying again in ten minutes");
    }
    if (!isStopped) timer = setTimeout(look, Math.min(schedule.every * 1_000, longestRest)).unref();
  }

  timer = setTimeout(look, 0).unref();
  return () => {
    isStopped = true;
    clearTimeout(timer);
  };
}

async function backUpWhenDue(
  read: () => AsyncIterable<Buffer>,
  { folder, every, keep }: BackupSchedule,
  log: Logger,
): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const now = new Date();
  const newest = (await listBackups(folder)).at(-1);
  if (newest !== undefined && now.getTime() - toTime(newest) < every * 1_000) return;
  const file = join(folder, toFileName(now));
  const { rows } = await writeBackupFile(file, read());
  log.info({ file, rows }, "backed up");
  // Only after a new one is there and whole.
  const old = (await listBackups(folder)).slice(0, -keep);
  await Promise.all(old.map((name) => rm(join(folder, name), { force: true })));
}

/** The oldest first; files of other names are somebody else's. */
async function listBackups(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => namePattern.test(name)).sort();
}
