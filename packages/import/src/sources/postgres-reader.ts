import pg from "pg";
import { batch, SourceError } from "../old-row.ts";
import { type Reference, requireUrl, type SqlReader, type Table, type TableName, toUuidKey } from "./sql-reader.ts";

/** Opens a PostgreSQL source: read only, repeatable read, times in UTC. */
export async function openPostgresReader(url: string): Promise<SqlReader> {
  requireUrl(url);
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: 20_000,
    types: { getTypeParser: () => String },
  });
  client.on("error", () => {});
  try {
    await client.connect();
  } catch (error) {
    throw new SourceError(`The source ${describe(url)} cannot be reached: ${messageOf(error)}`, 3);
  }
  await client.query("begin transaction isolation level repeatable read, read only");
  await client.query(
    "select set_config('TimeZone', 'UTC', true), set_config('DateStyle', 'ISO, YMD', true), set_config('statement_timeout', '0', true), set_config('extra_float_digits', '3', true), set_config('bytea_output', 'hex', true)",
  );
  const all = async (query: string) => {
    try {
      return (await client.query<Record<string, string | null>>(query)).rows;
    } catch (error) {
      throw new SourceError(`The source refuses to be read: ${messageOf(error)}`, 3);
    }
  };
  const [now] = await all(
    `select to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as now, current_setting('server_version_num') as version`,
  );
  const version = Number(now?.version);
  return {
    dialect: "postgres",
    place: describe(url),
    startedAt: new Date(now?.now ?? ""),
    tables: () => readTables(all, version),
    quote,
    quoteColumn: pg.escapeIdentifier,
    all,
    async *batches(query) {
      await all(`declare people no scroll cursor for ${query}`);
      for (;;) {
        const rows = await all(`fetch ${batch} from people`);
        if (rows.length > 0) yield rows;
        if (rows.length < batch) break;
      }
      await all("close people");
    },
    joined: (column) => `string_agg(${column}::text, ',' order by ${column})`,
    references: (to) => readReferences(all, version, to),
    close: () => client.end().catch(() => {}),
  };
}

const quote = ({ schema, table }: TableName) => `${pg.escapeIdentifier(schema)}.${pg.escapeIdentifier(table)}`;

const messageOf = (error: unknown) =>
  error instanceof Error ? error.message.split("\n", 1)[0] || error.name : String(error);

/** Where it is, without the password. */
function describe(url: string): string {
  const { host, pathname } = new URL(url);
  return `postgres://${host}${pathname}`;
}

type All = SqlReader["all"];

/** Old systems run on old servers: PostgreSQL has identity columns since 10, columns that an index only includes and keys of partitions since 11. */
export async function readTables(all: All, version: number): Promise<Table[]> {
  const isIdentity = version >= 10_00_00 ? "a.attidentity <> ''" : "false";
  const rows = await all(`
    select n.nspname as schema, c.relname as "table", json_agg(a.attname order by a.attnum)::text as columns,
      coalesce(json_agg(json_build_object('name', a.attname, 'isFilled', a.atthasdef or ${isIdentity}))
        filter (where a.attnotnull)::text, '[]') as required,
      coalesce((select json_agg(k.attname order by array_position(i.indkey::int2[], k.attnum)) from pg_index i
        join pg_attribute k on k.attrelid = i.indrelid and k.attnum = any (i.indkey)
        where i.indrelid = c.oid and i.indisprimary)::text, '[]') as key,
      coalesce((select json_agg(format_type(k.atttypid, null)) from pg_index i
        join pg_attribute k on k.attrelid = i.indrelid and k.attnum = any (i.indkey)
        where i.indrelid = c.oid and i.indisprimary)::text, '[]') as types
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.relkind in ('r', 'p', 'v', 'm') and n.nspname not in ('pg_catalog', 'information_schema', 'latchkey')
      and n.nspname !~ '^pg_'
    group by n.nspname, c.relname, c.oid order by 1, 2`);
  return rows.map(({ schema, table, columns, key, types, required }) => ({
    schema: schema ?? "",
    table: table ?? "",
    columns: JSON.parse(columns ?? "[]"),
    primaryKey: JSON.parse(key ?? "[]"),
    uuidKey: toUuidKey(JSON.parse(types ?? "[]")),
    required: JSON.parse(required ?? "[]"),
  }));
}

export async function readReferences(all: All, version: number, to: Table): Promise<Reference[]> {
  const [keyColumns, isOwn] = version >= 11_00_00 ? ["i.indnkeyatts", "c.conparentid = 0"] : ["i.indnatts", "true"];
  const rows = await all(`
    select n.nspname as schema, r.relname as "table", a.attname as "column", exists (
      select from pg_index i where i.indrelid = c.conrelid and i.indisunique and i.indpred is null
        and ${keyColumns} = 1 and i.indkey[0] = c.conkey[1])::text as "isOneToOne"
    from pg_constraint c join pg_class r on r.oid = c.conrelid join pg_namespace n on n.oid = r.relnamespace
    join pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]
    where c.contype = 'f' and ${isOwn} and c.confrelid = ${pg.escapeLiteral(quote(to))}::regclass
    order by 1, 2, 3`);
  return rows.map(({ schema, table, column, isOneToOne }) => ({
    table: { schema: schema ?? "", table: table ?? "" },
    column: column ?? "",
    isOneToOne: isOneToOne === "true",
  }));
}
