import type { Connection, QueryError, RowDataPacket, SslOptions } from "mysql2";
import { batch, SourceError } from "../old-row.ts";
import {
  lineOf,
  type Reference,
  type RequiredColumn,
  requireUrl,
  type SqlReader,
  type Table,
  toUuidKey,
} from "./sql-reader.ts";

type Row = Record<string, string | null>;

/** Opens a database of MySQL or MariaDB: read only, as of one moment, times in UTC. */
export async function openMysqlReader(address: string): Promise<SqlReader> {
  requireUrl(URL.canParse(address) && isDecodable(address));
  const url = new URL(address);
  const place = describe(url);
  const ssl = takeSsl(url);
  // Its driver is wanted by this source alone.
  const { createConnection } = await import("mysql2");
  const connection = createConnection({
    uri: url.href,
    ...(ssl && { ssl }),
    connectTimeout: 20_000,
    charset: "utf8mb4",
    // As text: a number of JavaScript loses digits, and a date microseconds.
    typeCast: (field) => (field.type === "BIT" ? toNumber(field.buffer()) : field.string("utf8")),
  });
  // Each query gets its own error besides.
  connection.on("error", () => {});
  const all = (query: string) =>
    ask(connection, query).catch((error: QueryError) => {
      throw new SourceError(`The source refuses to be read: ${lineOf(error)}`, 3);
    });
  try {
    await new Promise<void>((resolve, reject) => {
      connection.connect((error) => (error ? reject(error) : resolve()));
    });
  } catch (error) {
    connection.destroy();
    throw new SourceError(`The source ${place} cannot be reached: ${lineOf(error)}`, 3);
  }
  const startedAt = await begin(connection, all).catch((error) => {
    connection.destroy();
    throw error;
  });
  return {
    dialect: "mysql",
    place,
    startedAt,
    tables: () => readTables(all),
    quote: ({ table }) => quoteName(table),
    quoteColumn: quoteName,
    all,
    batches: (query) => readBatches(connection, query),
    beginningOf: (column) => `left(${column}, 1)`,
    joined: (column) => `group_concat(${column} order by ${column} separator ',')`,
    references: (to) => readReferences(all, to),
    // The transaction ends with the connection; a long answer may still be under way.
    close: async () => connection.destroy(),
  };
}

/** The bits of a flag are no letters. */
const toNumber = (bits: Buffer | null) => (bits === null ? null : String(BigInt(`0x${bits.toString("hex")}`)));

/** Whether each `%` begins an escaped character: the driver decodes the user, the password and the name. */
function isDecodable(url: string): boolean {
  try {
    decodeURIComponent(url);
    return true;
  } catch {
    return false;
  }
}

const sslModes: Readonly<Record<string, SslOptions | undefined>> = {
  DISABLED: undefined,
  PREFERRED: undefined,
  REQUIRED: { rejectUnauthorized: false },
  VERIFY_CA: { rejectUnauthorized: true },
  VERIFY_IDENTITY: { rejectUnauthorized: true, verifyIdentity: true },
};

/** How a connection is to be encrypted, by the parameter of MySQL's own programs, which the driver would pass over and send all in clear text. */
function takeSsl({ searchParams }: URL): SslOptions | undefined {
  const mode = searchParams.get("ssl-mode")?.toUpperCase();
  searchParams.delete("ssl-mode");
  if (mode === undefined || Object.hasOwn(sslModes, mode)) return sslModes[mode ?? ""];
  throw new SourceError(`The source has an ssl-mode that is none of ${Object.keys(sslModes).join(", ")}.`);
}

const quoteName = (name: string) => `\`${name.replaceAll("`", "``")}\``;

/** Where it is, without the password. */
function describe({ protocol, host, pathname }: URL): string {
  return `${protocol}//${host}${pathname}`;
}

const literal = (text: string) => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;

type All = (query: string) => Promise<readonly Row[]>;

function ask(connection: Connection, query: string): Promise<Row[]> {
  return new Promise((resolve, reject) => {
    connection.query<(RowDataPacket & Row)[]>(query, (error, rows) => (error ? reject(error) : resolve(rows)));
  });
}

async function begin(connection: Connection, all: All): Promise<Date> {
  await all("set session time_zone = '+00:00', sql_mode = 'ANSI_QUOTES', group_concat_max_len = 1073741824");
  // One is MariaDB's, the other one MySQL's.
  for (const setting of ["max_statement_time", "max_execution_time"])
    await ask(connection, `set session ${setting} = 0`).catch(() => {});
  await all("set session transaction isolation level repeatable read");
  await all("start transaction with consistent snapshot, read only");
  const [row] = await all("select date_format(utc_timestamp(3), '%Y-%m-%dT%H:%i:%s.%f') as now");
  return new Date(`${row?.now?.slice(0, 23)}Z`);
}

async function* readBatches(connection: Connection, query: string): AsyncGenerator<readonly Row[]> {
  let rows: Row[] = [];
  try {
    for await (const row of connection.query(query).stream({ highWaterMark: batch })) {
      // A plain object: names of columns may be any.
      rows.push({ ...row });
      if (rows.length < batch) continue;
      yield rows;
      rows = [];
    }
  } catch (error) {
    throw new SourceError(`The source cannot be read to its end: ${lineOf(error)}`, 3);
  }
  if (rows.length > 0) yield rows;
}

async function readTables(all: All): Promise<Table[]> {
  const rows =
    await all(`select table_name as "table", column_name as "column", column_key as kind, column_type as type,
      is_nullable = 'NO' as required, column_default is not null or extra like '%auto_increment%' as filled
    from information_schema.columns where table_schema = database() order by table_name, ordinal_position`);
  const found = new Map<
    string,
    { columns: string[]; primaryKey: string[]; types: string[]; required: RequiredColumn[] }
  >();
  for (const { table, column, kind, type, required, filled } of rows) {
    const one = found.get(table ?? "") ?? { columns: [], primaryKey: [], types: [], required: [] };
    one.columns.push(column ?? "");
    if (required === "1") one.required.push({ name: column ?? "", isFilled: filled === "1" });
    if (kind === "PRI") {
      one.primaryKey.push(column ?? "");
      one.types.push(type ?? "");
    }
    found.set(table ?? "", one);
  }
  return [...found].map(([table, { types, ...rest }]) => ({
    schema: "",
    table,
    ...rest,
    uuidKey: toUuidKey(types),
  }));
}

async function readReferences(all: All, to: Table): Promise<Reference[]> {
  const rows =
    await all(`select k.table_name as "table", k.column_name as "column", k.referenced_column_name as target, exists (
      select 1 from information_schema.statistics s
      where s.table_schema = k.table_schema and s.table_name = k.table_name and s.non_unique = 0
      group by s.index_name having count(*) = 1 and max(s.column_name) = k.column_name) as "isOneToOne"
    from information_schema.key_column_usage k
    where k.table_schema = database() and k.referenced_table_schema = database()
      and k.referenced_table_name = ${literal(to.table)} and (k.referenced_column_name = ${literal(to.primaryKey[0] ?? "")} or 1 = (
        select count(*) from information_schema.key_column_usage o where o.constraint_schema = k.constraint_schema
          and o.table_name = k.table_name and o.constraint_name = k.constraint_name))
    order by 1, 2`);
  return rows.map(({ table, column, target, isOneToOne }) => ({
    table: { schema: "", table: table ?? "" },
    column: column ?? "",
    target: target ?? "",
    isOneToOne: isOneToOne === "1",
  }));
}
