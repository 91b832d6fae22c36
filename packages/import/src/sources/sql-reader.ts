import { type Dialect, SourceError } from "../old-row.ts";

/** @throws SourceError for what is no address, such as one with a password whose special characters are not escaped */
export function requireUrl(isAddress: boolean): void {
  if (isAddress) return;
  throw new SourceError(
    "The source is no address of a database: write it as postgres://user:password@host/name, with @ : / # ? % in a password as %40 %3A %2F %23 %3F %25.",
  );
}

/** What went wrong, in one line. Of several tries, such as one for each address of a name, there is a code alone. */
export const lineOf = (error: unknown): string =>
  error instanceof Error
    ? error.message.split("\n", 1)[0] || ("code" in error ? String(error.code) : error.name)
    : String(error);

/** A table over there, by where it is; `schema` is empty where a database has none. */
export interface TableName {
  readonly schema: string;
  readonly table: string;
}

export interface Table extends TableName {
  readonly columns: readonly string[];
  readonly primaryKey: readonly string[];
  /** How a primary key of UUIDs is stored; null for one of anything else. */
  readonly uuidKey: UuidKey;
  /** Columns that take no null. */
  readonly required: readonly RequiredColumn[];
}

export interface RequiredColumn {
  readonly name: string;
  /** Whether the database fills it where a new row says nothing of it. */
  readonly isFilled: boolean;
}

/** Django stores a UUID as 32 hexadecimal digits where a database has no type for it, and writes it with dashes everywhere else. */
export type UuidKey = "dashed" | "bare" | null;

/** The types of Django's `UUIDField`; what is `char(32)` there is no text field, which is `varchar`. */
export function toUuidKey(types: readonly (string | null | undefined)[]): UuidKey {
  const [type = "", ...more] = types.map((one) => one?.toLowerCase() ?? "");
  if (more.length > 0) return null;
  return type === "uuid" ? "dashed" : type === "char(32)" ? "bare" : null;
}

const bareUuid = /^([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})$/;

/** An id as its system writes it in tokens and in what it answers. */
export const toOldId = (id: string, uuidKey: UuidKey) =>
  uuidKey === "bare" ? id.replace(bareUuid, "$1-$2-$3-$4-$5") : id;

/** The same as it is stored there. */
export const toStoredId = (oldId: string, uuidKey: UuidKey) =>
  uuidKey === "bare" && bareUuid.test(oldId.replaceAll("-", "")) ? oldId.replaceAll("-", "") : oldId;

/** A column of a table whose rows point at another one's; of several columns that do so together, the one that holds its key. */
export interface Reference {
  readonly table: TableName;
  readonly column: string;
  /** The column over there that it holds a value of: the key, unless somebody said otherwise. */
  readonly target: string;
  /** Whether at most one row points at each. */
  readonly isOneToOne: boolean;
}

/** What a source in SQL is read by: one transaction, of one moment, that writes nothing. Every value is text or null. */
export interface SqlReader {
  readonly dialect: Dialect;
  readonly place: string;
  readonly startedAt: Date;
  tables(): Promise<readonly Table[]>;
  quote(name: TableName): string;
  quoteColumn(name: string): string;
  /** A few rows. */
  all(query: string): Promise<readonly Readonly<Record<string, string | null>>[]>;
  /** Many, in batches, one at a time. */
  batches(query: string): AsyncIterable<readonly Readonly<Record<string, string | null>>[]>;
  /** The first character of a column as text, in SQL, for one of which only whether it is filled is of interest. */
  beginningOf(column: string): string;
  /** The values of a column of a group of rows, as text with commas between. */
  joined(column: string): string;
  /** Where the rows of other tables point at one. */
  references(to: Table): Promise<readonly Reference[]>;
  close(): Promise<void>;
}
