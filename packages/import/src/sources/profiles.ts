import { guessField } from "../known-columns.ts";
import type { SqlReader, Table, TableName } from "./sql-reader.ts";

/** A column beside the table of users, and by what it is known: table and column, with a dot between. */
export interface ProfileColumn {
  readonly name: string;
  /** What it is called in the rows that are read: PostgreSQL cuts longer names. */
  readonly alias: string;
  /** The column, in SQL. */
  readonly sql: string;
  /** What it says, where that is not what stands there. */
  readonly read?: (text: string | null) => string | null;
}

/** What is kept of people in tables with a row for each of them at most, such as a profile, or a model that extends the user. */
export interface Profiles {
  readonly columns: readonly ProfileColumn[];
  /** How these tables are joined to the users, in SQL. */
  readonly joins: string;
}

export interface ProfileOptions {
  readonly tables: readonly Table[];
  readonly users: Table;
  /** A column of the users, in SQL. */
  readonly columnOf: (name: string) => string;
}

/** Finds the columns beside the table of users that may be a person's name or a field of theirs: what they are, somebody has to decide. */
export async function findProfiles(reader: SqlReader, { tables, users, columnOf }: ProfileOptions): Promise<Profiles> {
  const columns: ProfileColumn[] = [];
  const joins: string[] = [];
  for (const { table, column: link, target, isOneToOne } of await reader.references(users)) {
    if (!isOneToOne) continue;
    const held = columnsOf(tables, table).filter((name) => name !== link && guessField(name) !== null);
    if (held.length === 0) continue;
    const place = table.schema === users.schema ? table.table : `${table.schema}.${table.table}`;
    const as = `latchkey_${joins.length}`;
    joins.push(`left join ${reader.quote(table)} ${as} on ${as}.${reader.quoteColumn(link)} = ${columnOf(target)}`);
    for (const name of held)
      columns.push({
        name: `${place}.${name}`,
        alias: `latchkey column ${columns.length}`,
        sql: `${as}.${reader.quoteColumn(name)}`,
      });
  }
  return { columns, joins: joins.join(" ") };
}

const columnsOf = (tables: readonly Table[], { schema, table }: TableName): readonly string[] =>
  tables.find((one) => one.schema === schema && one.table === table)?.columns ?? [];
