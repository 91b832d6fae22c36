import { hash } from "node:crypto";
import type { Dialect } from "../old-row.ts";
import { toText } from "./files.ts";
import type { ProfileColumn, Profiles } from "./profiles.ts";
import type { SqlReader, Table, TableName } from "./sql-reader.ts";

/** A table whose rows say which people have what: groups, or permissions. */
export interface Links {
  readonly table: TableName;
  /** The column that points at the user. */
  readonly user: string;
  /** The column that points at what they have. */
  readonly other: string;
}

/** Characters of a table's name for which Django takes a database to have room. */
const longestNames: Readonly<Record<Dialect, number>> = { postgres: 63, mysql: 64, sqlite: Number.POSITIVE_INFINITY };

/** What Django calls a table whose name is longer: its beginning, and that of a digest of it. */
const cutName = (name: string, longest: number): string =>
  name.length <= longest ? name : `${name.slice(0, longest - 4)}${hash("md5", name).slice(0, 4)}`;

export interface LinksOptions {
  readonly tables: readonly Table[];
  readonly users: Table;
  /** The end of the table's name, and the column that points at what people have, as Django calls them. */
  readonly suffix: string;
  readonly column: string;
}

/** The table that Django itself makes for what the users of a model have. */
export function findLinks(
  { dialect }: SqlReader,
  { tables, users, suffix, column: other }: LinksOptions,
): Links | null {
  const name = cutName(`${users.table}${suffix}`, longestNames[dialect]);
  const table = tables.find(({ schema, table }) => schema === users.schema && table === name);
  const user = table?.columns.find((column) => !["id", other].includes(column));
  return table && user !== undefined && table.columns.includes(other) ? { table, user, other } : null;
}

/** Joins what each user has to the users, in SQL: `ids`, as text. */
export function joinLinks(reader: SqlReader, { table, user, other }: Links, { as, key }: { as: string; key: string }) {
  const person = reader.quoteColumn(user);
  // As a whole, because an index on the column may be missing.
  return `left join (select ${person} as person, ${reader.joined(reader.quoteColumn(other))} as ids
    from ${reader.quote(table)} group by ${person}) ${as} on ${as}.person = ${key}`;
}

/** The ids in such a table, as its database joins them. */
export const idsIn = (text: string | null | undefined): string[] => (text ? text.split(",") : []);

interface BesideOptions {
  readonly users: Table;
  /** The key of the users, in SQL. */
  readonly key: string;
  /** What people may have, of which no table is called as Django calls it, and how each is called by its id. */
  readonly kinds: readonly { readonly of: Table | undefined; readonly nameOf: (id: string) => string | undefined }[];
}

/**
 * Of a model that keeps its users' groups or permissions in tables of other names: every table that points at both, as a column. Whether it says what
 * people may do, or who is invited, somebody has to decide.
 */
export async function findLinksBeside(reader: SqlReader, { users, key, kinds }: BesideOptions): Promise<Profiles> {
  const columns: ProfileColumn[] = [];
  const joins: string[] = [];
  for (const { of, nameOf } of kinds) {
    if (!of) continue;
    const ofOthers = await reader.references(of);
    for (const { table, column: user, target } of await reader.references(users)) {
      const other = ofOthers.find((one) => reader.quote(one.table) === reader.quote(table))?.column;
      if (other === undefined || target !== users.primaryKey[0]) continue;
      const as = `latchkey_links_${columns.length}`;
      joins.push(joinLinks(reader, { table, user, other }, { as, key }));
      columns.push({
        name: table.schema === users.schema ? table.table : `${table.schema}.${table.table}`,
        alias: `latchkey links ${columns.length}`,
        sql: `${as}.ids`,
        read: (ids) => toText(idsIn(ids).flatMap((id) => nameOf(id) ?? [])),
      });
    }
  }
  return { columns, joins: joins.join(" ") };
}
