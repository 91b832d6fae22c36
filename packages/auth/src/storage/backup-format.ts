import { createHash } from "node:crypto";
import { StartError } from "../errors.ts";

/** A table with the columns that are kept, in their order. Columns that PostgreSQL works out itself are not. */
export interface BackupTable {
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly string[];
  /** About so many rows, for whoever waits. */
  readonly estimate: number;
}

export interface BackupSequence {
  readonly schema: string;
  readonly name: string;
  readonly value: string;
  readonly isCalled: boolean;
}

/** The first line of a backup: what is in it, and what it takes to bring it back. */
export interface BackupHeader {
  readonly format: typeof backupFormat;
  readonly version: 1;
  readonly createdAt: string;
  readonly postgres: string;
  /** Tells whether a secret is the one that was in use, and nothing else of it. */
  readonly secret: string;
  /** The same of every secret that has sealed one of the backup's keys; backups from before it was noted have none. */
  readonly sealedWith?: readonly string[];
  /** By schema: the migrations that had run; null where nothing is noted. */
  readonly migrations: Readonly<Record<string, readonly string[] | null>>;
  readonly tables: readonly BackupTable[];
  readonly sequences: readonly BackupSequence[];
}

/** The last line: what was written before it. */
interface BackupEnd {
  readonly rows: readonly number[];
  /** SHA-256 of everything before, in hexadecimal. */
  readonly digest: string;
}

export const backupFormat = "latchkey-backup";

/** What stands in a backup: its header, then each table's beginning and rows as `COPY` writes them. The end was checked before it is told. */
export type BackupPart =
  | { readonly header: BackupHeader }
  | { readonly table: BackupTable }
  | { readonly rows: Buffer }
  | { readonly end: BackupEnd };

const newline = 10;

/** Ends the rows of a table, as in `pg_dump`: `COPY` never writes such a row. */
const endOfRows = Buffer.from("\\.\n");

const toLine = (value: object): Buffer => Buffer.from(`${JSON.stringify(value)}\n`);

/** Writes the parts of a backup as bytes, with its end. */
export async function* writeBackup(
  header: BackupHeader,
  readRows: (table: BackupTable) => AsyncIterable<Buffer>,
): AsyncGenerator<Buffer> {
  const digest = createHash("sha256");
  const rows: number[] = [];
  const note = (bytes: Buffer) => {
    digest.update(bytes);
    return bytes;
  };
  yield note(toLine(header));
  for (const table of header.tables) {
    yield note(toLine({ schema: table.schema, table: table.name }));
    let count = 0;
    for await (const bytes of readRows(table)) {
      count += countLines(bytes);
      yield note(bytes);
    }
    yield note(endOfRows);
    rows.push(count);
  }
  yield toLine({ rows, digest: digest.digest("hex") } satisfies BackupEnd);
}

function countLines(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(newline); at !== -1; at = bytes.indexOf(newline, at + 1)) count += 1;
  return count;
}

/**
 * Reads a backup, and checks that it is whole.
 *
 * @throws StartError when it is none, is cut off, or was changed
 */
export async function* readBackup(source: AsyncIterable<Buffer>): AsyncGenerator<BackupPart> {
  const digest = createHash("sha256");
  const counts: number[] = [];
  let header: BackupHeader | undefined;
  let isInTable = false;
  for await (const lines of splitLines(source)) {
    if (counts.length === header?.tables.length && !isInTable) {
      const end = parseEnd(lines[0]);
      if (lines.length > 1 || end.digest !== digest.digest("hex") || end.rows.join() !== counts.join())
        throw new StartError("The backup was changed after it was written: its end does not fit what is before it.");
      yield { end };
      return;
    }
    for (const part of lines) digest.update(part);
    if (!header) {
      header = parseHeader(lines[0]);
      yield { header };
    } else if (!isInTable) {
      const table = header.tables[counts.length];
      if (!table || !lines[0]?.equals(toLine({ schema: table.schema, table: table.name }))) throw damaged();
      isInTable = true;
      counts.push(0);
      yield { table };
    } else if (lines[0]?.equals(endOfRows)) {
      isInTable = false;
    } else {
      counts[counts.length - 1] = (counts.at(-1) ?? 0) + lines.length;
      yield { rows: Buffer.concat(lines) };
    }
  }
  throw new StartError(header ? "The backup is cut off: its end is missing." : "This is no backup of Latchkey.");
}

const damaged = () => new StartError("The backup is damaged: a table is not where it should be.");

/** What begins with a brace stands alone, and so does the end of rows; other lines come together as they were read. */
async function* splitLines(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer[]> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const bytes of source) {
    const text = rest.length > 0 ? Buffer.concat([rest, bytes]) : bytes;
    const last = text.lastIndexOf(newline) + 1;
    rest = text.subarray(last);
    if (rest.length > longestLine) throw new StartError("This is no backup of Latchkey.");
    yield* groupLines(text.subarray(0, last));
  }
  if (rest.length > 0) yield [rest];
}

/** Bytes; beyond it somebody handed in another file. */
const longestLine = 64 * 1024 ** 2;
const brace = 123;
const backslash = 92;
const fullStop = 46;

function* groupLines(text: Buffer): Generator<Buffer[]> {
  let group: Buffer[] = [];
  for (let at = 0; at < text.length; ) {
    const next = text.indexOf(newline, at) + 1;
    const line = text.subarray(at, next);
    at = next;
    const standsAlone = line[0] === brace || (line[0] === backslash && line[1] === fullStop && line.length === 3);
    if (!standsAlone) group.push(line);
    else {
      if (group.length > 0) yield group;
      group = [];
      yield [line];
    }
  }
  if (group.length > 0) yield group;
}

function parseJson(line: Buffer | undefined): unknown {
  try {
    return JSON.parse(String(line));
  } catch {
    return null;
  }
}

function parseHeader(line: Buffer | undefined): BackupHeader {
  const header = parseJson(line) as Partial<BackupHeader> | null;
  if (header?.format !== backupFormat) throw new StartError("This is no backup of Latchkey.");
  if (header.version !== 1 || !header.tables || !header.sequences || !header.migrations)
    throw new StartError("The backup was made by a newer Latchkey: restore it with that version or a later one.");
  return header as BackupHeader;
}

function parseEnd(line: Buffer | undefined): BackupEnd {
  const end = parseJson(line) as Partial<BackupEnd> | null;
  if (!end?.rows || !end.digest) throw new StartError("The backup is cut off: its end is missing.");
  return end as BackupEnd;
}
