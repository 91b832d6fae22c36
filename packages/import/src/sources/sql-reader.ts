import { type Dialect, SourceError } from "../old-row.ts";

/** @throws SourceError for what is no address, such as one with a password whose special characters are not escaped */
export function requireUrl(text: string): void {
  if (URL.canParse(text)) return;
  throw new SourceError(
    "The source is no address of a database: write it as postgres://user:password@host/name, with @ : / # ? % in a password as %40 %3A %2F %23 %3F %25.",
  );
}

/** A table over there, by where it is; `schema` is empty where a database has none. */
export interface TableName {
  readonly schema: string;
  readonly table: string;
}

export interface Table extends TableName {
  readonly columns: readonly string[];
  readonly primaryKey: readonly string[];
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
  /** The values of a column of a group of rows, as text with commas between. */
  joined(column: string): string;
  /** Where the rows of other tables point at one. */
  references(to: Table): Promise<readonly { readonly table: TableName; readonly column: string }[]>;
  close(): Promise<void>;
}
