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
