import { type OldRow, type Source, SourceError } from "../old-row.ts";
import { readForeignKeys } from "./foreign-keys.ts";
import { type SqlReader, type Table, toOldId } from "./sql-reader.ts";

/** Where another system than Django keeps people, in a database of its own. */
export interface AccountsOfTables {
  find(tables: readonly Table[], named: string | undefined, reader: SqlReader): FoundAccounts;
  /** A person by the names of columns that are known here. */
  toRow(row: OldRow): OldRow;
}

interface FoundAccounts {
  readonly users: Table;
  /** What is selected beside the columns of `users`, which is `u`. */
  readonly more: readonly string[];
  readonly joins: string;
  /** Tables of the system itself: that their rows point at people concerns nobody else. */
  readonly own: readonly Table[];
}

/** Reads the people of a system whose tables are known. */
export async function openTables(
  reader: SqlReader,
  accounts: AccountsOfTables,
  { table }: { readonly table?: string | undefined },
): Promise<Source> {
  const { users, more, joins, own } = accounts.find(await reader.tables(), table, reader);
  const [key = "id"] = users.primaryKey;
  const columns = users.columns.map((name) => `u.${reader.quoteColumn(name)}`);
  const query = `select ${[...columns, ...more].join(", ")} from ${reader.quote(users)} u ${joins}
    order by u.${reader.quoteColumn(key)}`;
  return {
    place: `${users.table} in ${reader.place}`,
    startedAt: reader.startedAt,
    groups: [],
    permissions: [],
    ambiguousPermissions: [],
    foreignKeys: await readForeignKeys(reader, users, own),
    fieldsBeside: [],
    dialect: reader.dialect,
    uuidKey: users.uuidKey,
    blacklist: null,
    async *read() {
      for await (const rows of reader.batches(query))
        yield rows.map(({ [key]: oldId, ...values }) =>
          accounts.toRow({ oldId: toOldId(oldId ?? "", users.uuidKey), values, groups: [], permissions: [] }),
        );
    },
    close: reader.close,
  };
}

/** @throws SourceError where there is none, or more than one */
export function findTable(tables: readonly Table[], named: string, place: string): Table {
  const found = tables.filter(({ schema, table }) => [table, `${schema}.${table}`].includes(named));
  if (found[0] && found.length === 1) return found[0];
  throw new SourceError(
    `There is ${found.length === 0 ? "no table" : "more than one table"} ${named} in ${place}: say with --table which is that of people.`,
  );
}
