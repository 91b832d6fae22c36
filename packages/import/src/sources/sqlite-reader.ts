import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { batch, SourceError } from "../old-row.ts";
import { type SqlReader, type Table, toUuidKey } from "./sql-reader.ts";

/** Opens a SQLite file read only, in one transaction. */
export async function openSqliteReader(path: string): Promise<SqlReader> {
  if (!existsSync(path)) throw new SourceError(`There is no file ${path}.`, 3);
  const database = open(path);
  const texts = (row: Record<string, unknown>) =>
    Object.fromEntries(Object.entries(row).map(([name, value]) => [name, toText(value)]));
  const read = function* (query: string) {
    try {
      const statement = database.prepare(query);
      statement.setReadBigInts(true);
      yield* statement.iterate();
    } catch (error) {
      throw new SourceError(`The source cannot be read: ${(error as Error).message}`, 3);
    }
  };
  const all = async (query: string) => [...read(query)].map(texts);
  await all("select 1 from sqlite_master limit 1");
  return {
    dialect: "sqlite",
    place: `sqlite:${path}`,
    startedAt: new Date(),
    tables: () => readTables(all),
    quote: ({ table }) => quoteName(table),
    quoteColumn: quoteName,
    all,
    async *batches(query) {
      let rows: Record<string, string | null>[] = [];
      for (const row of read(query)) {
        rows.push(texts(row));
        if (rows.length < batch) continue;
        yield rows;
        rows = [];
      }
      if (rows.length > 0) yield rows;
      // Until then nobody can write there, unless its journal is a WAL.
      if (database.isTransaction) database.exec("commit");
    },
    beginningOf: (column) => `substr(${column}, 1, 1)`,
    joined: (column) => `group_concat(${column})`,
    async references(to) {
      const tables = await readTables(all);
      const found = tables.map(async ({ schema, table, primaryKey }) => {
        const keys = await all(
          `select k."from" as "column", k."to" as target, exists (select of_one.name from pragma_index_list(${literal(table)}) of_one
            where of_one."unique" and not of_one.partial and k."from" = (
              select group_concat(part.name) from pragma_index_info(of_one.name) part)) as "isUnique"
          from pragma_foreign_key_list(${literal(table)}) k where k."table" = ${literal(to.table)} and (
            coalesce(k."to", ${literal(to.primaryKey[0] ?? "")}) = ${literal(to.primaryKey[0] ?? "")}
            or 1 = (select count(*) from pragma_foreign_key_list(${literal(table)}) o where o.id = k.id))`,
        );
        return keys.map(({ column, target, isUnique }) => ({
          table: { schema, table },
          column: column ?? "",
          // Where nothing is said it is the key.
          target: target ?? to.primaryKey[0] ?? "",
          isOneToOne: isUnique === "1" || (primaryKey.length === 1 && primaryKey[0] === column),
        }));
      });
      return (await Promise.all(found)).flat();
    },
    close: async () => database.close(),
  };
}

/** Milliseconds in which somebody who writes there has come to an end. */
const longestWait = 5_000;

function open(path: string): DatabaseSync {
  try {
    const database = new DatabaseSync(path, { readOnly: true, timeout: longestWait });
    database.exec("begin");
    return database;
  } catch (error) {
    throw new SourceError(`${path} cannot be opened: ${(error as Error).message}`, 3);
  }
}

const quoteName = (name: string) => `"${name.replaceAll('"', '""')}"`;
const literal = (text: string) => `'${text.replaceAll("'", "''")}'`;

function toText(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  return String(value);
}

/** Which is drawn where nothing is said of it. */
const isRowId = ({ pk, type }: Readonly<Record<string, string | null>>) =>
  pk === "1" && type?.toLowerCase() === "integer";

async function readTables(all: SqlReader["all"]): Promise<Table[]> {
  const rows = await all(
    "select name from sqlite_master where type in ('table', 'view') and name not like 'sqlite_%' order by name",
  );
  return Promise.all(
    rows.map(async ({ name }) => {
      const columns = await all(
        `select name, pk, type, "notnull" as required, dflt_value is not null as filled from pragma_table_info(${literal(name ?? "")}) order by cid`,
      );
      const keys = columns.filter(({ pk }) => pk !== "0").sort((a, b) => Number(a.pk) - Number(b.pk));
      return {
        schema: "",
        table: name ?? "",
        columns: columns.map((column) => column.name ?? ""),
        primaryKey: keys.map((column) => column.name ?? ""),
        uuidKey: toUuidKey(keys.map(({ type }) => type)),
        required: columns
          .filter(({ required }) => required === "1")
          .map((column) => ({ name: column.name ?? "", isFilled: column.filled === "1" || isRowId(column) })),
      };
    }),
  );
}
