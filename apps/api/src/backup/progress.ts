import type { BackupHeader } from "@latchkey/auth";
import { showRate } from "../progress-rate.ts";

const newline = 10;

/** The lines of a backup with so many rows: its header and end, and each table's beginning and end. */
export function countLines(rows: number, { tables }: Pick<BackupHeader, "tables">): number {
  return rows + 2 * tables.length + 2;
}

/** By what PostgreSQL thinks of the tables; null where it has not looked at them yet. */
export function estimateLines(header: BackupHeader): number | null {
  const rows = header.tables.reduce((sum, { estimate }) => sum + estimate, 0);
  return rows === 0 ? null : countLines(rows, header);
}

export interface Progress {
  readonly what: "backup" | "restore";
  /** Lines; null to estimate them by the header, which is the first piece of a backup that is being made. */
  readonly lines: number | null;
}

/** Tells a person at a terminal how far a backup is, how fast it goes and how long it takes still; elsewhere nothing. */
export async function* showProgress(
  source: AsyncIterable<Buffer>,
  { what, lines }: Progress,
  rate = showRate(process, undefined, "lines"),
): AsyncGenerator<Buffer> {
  let done = 0;
  let total = lines;
  try {
    for await (const bytes of source) {
      if (done === 0) total ??= estimateLines(JSON.parse(String(bytes)));
      done += countNewlines(bytes);
      // An estimate that was too low is none.
      rate.show(what, done, total !== null && total >= done ? total : null);
      yield bytes;
    }
  } finally {
    rate.end();
  }
}

function countNewlines(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(newline); at !== -1; at = bytes.indexOf(newline, at + 1)) count += 1;
  return count;
}
