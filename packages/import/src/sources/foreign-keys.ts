import type { ForeignKey } from "../old-row.ts";
import type { SqlReader, Table, TableName } from "./sql-reader.ts";

/** The columns of other tables that point at people, but for those of tables that are read themselves. */
export async function readForeignKeys(
  reader: SqlReader,
  users: Table,
  ours: readonly (TableName | null)[],
): Promise<readonly ForeignKey[]> {
  const known = new Set(ours.map((table) => table && reader.quote(table)));
  const keys: ForeignKey[] = [];
  const [key = ""] = users.primaryKey;
  for (const { table, column, target } of await reader.references(users)) {
    if (known.has(reader.quote(table))) continue;
    const name = reader.quoteColumn(column);
    const [row] = await reader.all(`select count(${name}) as filled from ${reader.quote(table)}`);
    keys.push({
      table: reader.quote(table),
      column: name,
      follower: reader.quoteColumn(`${column}_latchkey`),
      by:
        target === key
          ? null
          : { users: reader.quote(users), key: reader.quoteColumn(key), column: reader.quoteColumn(target) },
      rows: Number(row?.filled ?? 0),
    });
  }
  return keys;
}
