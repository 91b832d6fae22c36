import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import type { Readable } from "node:stream";
import { CsvError, parse } from "csv-parse";
import { findIdColumns } from "../known-columns.ts";
import { batch, type OldRow, type Source, SourceError } from "../old-row.ts";
import { findList } from "./json-list.ts";

export interface FileOptions {
  readonly delimiter?: string | undefined;
  /** The column that is the id, where no name says so. */
  readonly idColumn?: string | undefined;
}

/** A file as bytes; `-` is standard input. */
async function openFile(path: string): Promise<{ stream: Readable; startedAt: Date }> {
  if (path === "-") return { stream: process.stdin, startedAt: new Date() };
  try {
    const { mtime } = await stat(path);
    // One that another clock wrote may be of a time to come.
    return { stream: createReadStream(path), startedAt: new Date(Math.min(mtime.getTime(), Date.now())) };
  } catch (error) {
    throw new SourceError(`${path} cannot be read: ${(error as Error).message}`, 3);
  }
}

const nameOf = (path: string) => (path === "-" ? "standard input" : path);

const none = {
  groups: [],
  permissions: [],
  ambiguousPermissions: [],
  foreignKeys: [],
  fieldsBeside: [],
  dialect: null,
  uuidKey: null,
  blacklist: null,
} as const;

/** People of a CSV file with a line of names at its top. It is read as it comes, whatever its size. */
export async function openCsv(path: string, options: FileOptions = {}): Promise<Source> {
  const { stream, startedAt } = await openFile(path);
  return {
    ...none,
    place: nameOf(path),
    startedAt,
    read: () => inBatches(readCsv(stream, nameOf(path), options), nameOf(path)),
    close: async () => void stream.destroy(),
  };
}

/** Texts of a person by column. */
export type Values = Record<string, string | null>;

async function* readCsv(stream: Readable, path: string, { delimiter, idColumn }: FileOptions): AsyncGenerator<OldRow> {
  const text = decode(stream, path);
  const head = await readHead(text, path);
  const declared = /^sep=(.)$/i.exec(head.line)?.[1];
  const separator = readDelimiter(delimiter) ?? declared ?? findDelimiter(head.line);
  const parser = parse({
    bom: true,
    columns: (names: readonly string[]) => requireDifferent(names.map(nameColumn), path),
    delimiter: separator,
    // Spreadsheets are told by a line in front what separates columns.
    from_line: declared === undefined ? 1 : 2,
    skip_empty_lines: true,
    // Which spreadsheets leave behind the last row.
    skip_records_with_empty_values: true,
    max_record_size: 1_000_000,
  });
  const feed = (async () => {
    for (const piece of head.pieces) parser.write(piece);
    for await (const piece of text) if (!parser.write(piece)) await drained(parser);
    parser.end();
  })();
  feed.catch((error) => parser.destroy(error));
  let idName: string | undefined;
  try {
    for await (const record of parser as AsyncIterable<Record<string, string>>) {
      idName ??= findId(Object.keys(record), idColumn, path);
      yield toRow(
        Object.fromEntries(Object.entries(record).map(([name, value]) => [name, nothing.has(value) ? null : value])),
        idName,
      );
    }
  } catch (error) {
    if (error instanceof CsvError)
      throw new SourceError(`${path} is no whole CSV file: ${error.message.split("\n", 1)[0]}. Nothing was changed.`);
    throw error;
  }
  if (idName === undefined) findId(head.line.split(separator), idColumn, path);
}

/** An empty cell, and what PostgreSQL's `copy` and `mysqldump` write for null. */
const nothing: ReadonlySet<string> = new Set(["", "\\N"]);

const drained = (parser: NodeJS.EventEmitter) =>
  new Promise<void>((resolve) => {
    const goOn = () => {
      for (const event of ["drain", "close"]) parser.off(event, goOn);
      resolve();
    };
    for (const event of ["drain", "close"]) parser.on(event, goOn);
  });

/** How files begin that are no text, and what is to be done with them. */
const noTexts: readonly (readonly [beginning: Buffer, told: string])[] = [
  [Buffer.from([0x1f, 0x8b]), "is compressed: unpack it first"],
  [Buffer.from("PK\x03\x04"), "is a workbook or a ZIP archive: save the table in it as CSV in UTF-8"],
  [Buffer.from([0xd0, 0xcf, 0x11, 0xe0]), "is a workbook: save the table in it as CSV in UTF-8"],
  [Buffer.from("SQLite format 3\0"), "is a database of SQLite: write sqlite: in front of its name"],
];

function requireText(beginning: Buffer, path: string): void {
  const [, told] = noTexts.find(([bytes]) => beginning.subarray(0, bytes.length).equals(bytes)) ?? [];
  if (told !== undefined) throw new SourceError(`${path} ${told}.`);
}

async function* decode(stream: Readable, path: string): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let isBegun = false;
  try {
    for await (const bytes of stream) {
      if (!isBegun) requireText(bytes as Buffer, path);
      isBegun = true;
      yield decoder.decode(bytes as Buffer, { stream: true });
    }
    yield decoder.decode();
  } catch (error) {
    if (error instanceof SourceError) throw error;
    if (error instanceof TypeError) throw notUtf8(path);
    throw new SourceError(`${path} cannot be read to its end: ${(error as Error).message}`, 3);
  }
}

/** The first line, and what was read to find it. */
async function readHead(text: AsyncGenerator<string>, path: string): Promise<{ line: string; pieces: string[] }> {
  const pieces: string[] = [];
  for (let next = await text.next(); !next.done; next = await text.next()) {
    pieces.push(next.value);
    const all = pieces.join("");
    if (all.includes("\n") || all.length > 1_000_000) break;
  }
  const [line = ""] = pieces
    .join("")
    .replace(/^\ufeff/, "")
    .split(/\r\n?|\n/, 1);
  // Two bytes a letter: every second one of Latin letters is zero.
  if (line.includes("\0")) throw notUtf8(path);
  return { line, pieces };
}

const notUtf8 = (path: string) => new SourceError(`${path} is not in UTF-8: save it as that.`);

/** One that has no name, such as the row numbers that pandas writes in front, is called by its place, so that it can be dropped. */
const nameColumn = (name: string, at: number) => (name.trim() === "" ? `column ${at + 1}` : name);

/** Of two columns of one name, as a join makes them, a reader would take the last. */
function requireDifferent(names: readonly string[], path: string): string[] {
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice === undefined) return [...names];
  throw new SourceError(`${path} has two columns called ${twice}: give each a name of its own. Nothing was changed.`);
}

/** What is given with `--delimiter`; a tab is hard to type there. */
function readDelimiter(given: string | undefined): string | undefined {
  if (given === "") throw new SourceError("--delimiter is empty: give what separates the columns, such as ; or \\t.");
  return given === "\\t" ? "\t" : given;
}

function findDelimiter(line: string): string {
  const bare = line.replace(/"[^"]*"/g, "");
  const counted = [",", ";", "\t", "|"].map((character) => [character, bare.split(character).length] as const);
  return counted.sort((a, b) => b[1] - a[1])[0]?.[0] ?? ",";
}

function findId(columns: readonly string[], wanted: string | undefined, path: string): string {
  const [found, another] = wanted === undefined ? findIdColumns(columns) : [wanted];
  if (another !== undefined)
    throw new SourceError(
      `${path} has more than one column that could be the id: ${findIdColumns(columns).join(", ")}. Say which it is with --map ${found}=id. Nothing was changed.`,
    );
  if (found !== undefined && columns.includes(found)) return found;
  throw new SourceError(
    `${path} has no column of ids; its first line reads ${columns.slice(0, 8).join(" | ") || "nothing"}. Say which it is with --map COLUMN=id, and what separates columns with --delimiter; in JSON, give the list of people alone.`,
  );
}

function toRow(values: Values, idColumn: string): OldRow {
  const { [idColumn]: oldId, ...rest } = values;
  // White space beside a separator is nobody's id: no old token has it.
  return { oldId: (oldId ?? "").trim(), values: rest, groups: [], permissions: [] };
}

/** How the objects of a file are people. */
export interface JsonShape {
  /** The member of the file's one object that holds them; without it, the file is a list or has an object a line. */
  readonly list?: string;
  readonly fieldsBeside?: Source["fieldsBeside"];
  toRow(object: Readonly<Record<string, unknown>>, path: string): OldRow;
}

/** Whether it is an object of any of a project's tables, whose id may be another one's in another table. */
const isFixture = ({ model, fields }: Readonly<Record<string, unknown>>) =>
  typeof model === "string" && /^\w+\.\w+$/.test(model) && typeof fields === "object" && fields !== null;

/** Objects whose members are the columns. Nearly all have the same ones. */
function plainShape({ idColumn }: FileOptions): JsonShape {
  let [known, idName]: [string | null, string] = [null, ""];
  return {
    toRow(object, path) {
      if (isFixture(object))
        throw new SourceError(
          `${path} is what dumpdata of Django writes, in which people, groups and permissions are apart: give the database itself. Nothing was changed.`,
        );
      const columns = Object.keys(object);
      const names = columns.join("\0");
      if (names !== known) [known, idName] = [names, findId(columns, idColumn, path)];
      const id = object[idName];
      // Such as `{"$oid": …}` of MongoDB: old tokens have the text alone.
      if (typeof id === "object" && id !== null)
        throw new SourceError(
          `${path} has an id that is neither a text nor a number: ${JSON.stringify(id).slice(0, 40)}. Write it as a text. Nothing was changed.`,
        );
      return toRow(toValues(object), idName);
    },
  };
}

/** People of a JSON file: a list of objects, or an object a line. It is read as it comes, whatever its size. */
export async function openJson(
  path: string,
  options: FileOptions = {},
  shape: JsonShape = plainShape(options),
): Promise<Source> {
  const { stream, startedAt } = await openFile(path);
  return {
    ...none,
    fieldsBeside: shape.fieldsBeside ?? [],
    place: nameOf(path),
    startedAt,
    read: () => inBatches(readJson(stream, nameOf(path), shape), nameOf(path)),
    close: async () => void stream.destroy(),
  };
}

async function* readJson(stream: Readable, path: string, shape: JsonShape): AsyncGenerator<OldRow> {
  const pieces = decode(stream, path);
  const objects = shape.list === undefined ? pieces : findList(pieces, shape.list, path);
  for await (const text of splitObjects(objects, path)) yield shape.toRow(parseObject(text, path), path);
}

/** Each member as a text. */
export function toValues(object: Readonly<Record<string, unknown>>): Values {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, toText(value)]));
}

/** More digits than a number of JavaScript is sure to keep. */
const manyDigits = /\d{16}/;

/** A number that would lose digits stays the text that it is written as: it is somebody's id. */
function keepDigits(_name: string, value: unknown, ...[context]: { readonly source?: string }[]): unknown {
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? (context?.source ?? value) : value;
}

function parseObject(text: string, path: string): Record<string, unknown> {
  try {
    return manyDigits.test(text) ? JSON.parse(text, keepDigits) : JSON.parse(text);
  } catch (error) {
    throw new SourceError(`${path} is no JSON: ${(error as Error).message}. Nothing was changed.`);
  }
}

/** A value as a text: a list of texts with `;` between, or as JSON where one of them has a `;`; an object as JSON. */
export function toText(value: unknown): string | null {
  if (value === null || value === undefined || value === "") return null;
  if (Array.isArray(value) && value.every((item) => typeof item === "string"))
    return value.some((item) => item.includes(";")) ? JSON.stringify(value) : value.join(";");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

const longestObject = 1_000_000;

/** The objects of a list, or of lines, each as its text. */
async function* splitObjects(pieces: AsyncIterable<string>, path: string): AsyncGenerator<string> {
  let [depth, isText, isEscaped, isClosed, isList] = [0, false, false, false, false];
  let held = "";
  for await (const piece of pieces) {
    let start = 0;
    for (let at = 0; at < piece.length; at += 1) {
      const character = piece.charAt(at);
      if (isEscaped) isEscaped = false;
      else if (isText) {
        if (character === "\\") isEscaped = true;
        else if (character === '"') isText = false;
      } else if (character === '"' && depth > 0) isText = true;
      else if (character === "{") {
        if (depth === 0) start = at;
        depth += 1;
      } else if (character === "}") {
        depth -= 1;
        if (depth === 0) {
          yield held + piece.slice(start, at + 1);
          held = "";
        }
      } else if (depth === 0 && character === "[") isList = true;
      else if (depth === 0 && character === "]") isClosed = true;
      else if (depth === 0 && !/[\s,\ufeff]/.test(character))
        throw new SourceError(`${path} is no list of JSON objects. Nothing was changed.`);
    }
    if (depth > 0) held += piece.slice(start);
    if (held.length > longestObject)
      throw new SourceError(
        `${path} has an object of more than a million characters: give a list of people, an object for each.`,
      );
  }
  if (depth !== 0 || isClosed !== isList)
    throw new SourceError(`${path} breaks off in its midst. Nothing was changed.`);
}

/** Characters of people who are held at once, however few they are. */
const mostHeld = 8_000_000;

const lengthOf = ({ values }: OldRow) => Object.values(values).reduce((sum, value) => sum + (value?.length ?? 0), 0);

async function* inBatches(rows: AsyncIterable<OldRow>, path: string): AsyncGenerator<readonly OldRow[]> {
  let held: OldRow[] = [];
  let length = 0;
  for await (const row of rows) {
    if (row.oldId === "") throw new SourceError(`${path} has a person without an id. Nothing was changed.`);
    held.push(row);
    length += lengthOf(row);
    if (held.length < batch && length < mostHeld) continue;
    yield held;
    [held, length] = [[], 0];
  }
  if (held.length > 0) yield held;
}
