import { guessField } from "../known-columns.ts";
import type { SqlReader, Table } from "./sql-reader.ts";

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
  /** The table of users, and those of models that it extends, each with what it is called in the query. */
  readonly of: readonly { readonly table: Table; readonly as: string }[];
}

/** A table that is joined, and by which others: only those that something is read of, because the source's role may not read all. */
interface Joined {
  readonly table: Table;
  readonly as: string;
  readonly joins: readonly string[];
}

/** Finds the columns beside the table of users that may be a person's name or a field of theirs: what they are, somebody has to decide. */
export async function findProfiles(reader: SqlReader, { tables, of }: ProfileOptions): Promise<Profiles> {
  const columns: ProfileColumn[] = [];
  const joins = new Set<string>();
  const schema = of[0]?.table.schema;
  const known = new Set(of.map(({ table }) => reader.quote(table)));
  const found: Joined[] = of.map((one) => ({ ...one, joins: [] }));
  // A profile may have another one beside it, and a model that extends the user be extended itself.
  for (const near of found)
    for (const { table: name, column: link, target, isOneToOne } of await reader.references(near.table)) {
      const table = tables.find((one) => one.schema === name.schema && one.table === name.table);
      if (!isOneToOne || !table || known.has(reader.quote(table))) continue;
      known.add(reader.quote(table));
      const as = `latchkey_${known.size}`;
      const [here, there] = [`${as}.${reader.quoteColumn(link)}`, `${near.as}.${reader.quoteColumn(target)}`];
      const joined = {
        table,
        as,
        joins: [...near.joins, `left join ${reader.quote(table)} ${as} on ${here} = ${there}`],
      };
      if (table.primaryKey.length === 1) found.push(joined);
      for (const column of table.columns.filter((one) => one !== link && guessField(one) !== null)) {
        for (const join of joined.joins) joins.add(join);
        columns.push({
          name: `${table.schema === schema ? "" : `${table.schema}.`}${table.table}.${column}`,
          alias: `latchkey column ${columns.length}`,
          sql: `${as}.${reader.quoteColumn(column)}`,
        });
      }
    }
  return { columns, joins: [...joins].join(" ") };
}
