import { isPostgresUrl, parsePostgresUrl, sayHowToVerify } from "@latchkey/auth/import";
import pg from "pg";
import { batch, SourceError } from "../old-row.ts";
import {
  lineOf,
  type Reference,
  requireUrl,
  type SqlReader,
  type Table,
  type TableName,
  toUuidKey,
} from "./sql-reader.ts";

/** Opens a PostgreSQL source: read only, repeatable read, times in UTC. */
export async function openPostgresReader(address: string): Promise<SqlReader> {
  requireUrl(isPostgresUrl(address));
  const url = parsePostgresUrl(address);
  const client = await begin(url);
  const all = async (query: string) => {
    try {
      return (await client.query<Record<string, string | null>>(query)).rows;
    } catch (error) {
      throw new SourceError(`The source refuses to be read: ${lineOf(error)}`, 3);
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
    beginningOf: (column) => `left(${column}::text, 1)`,
    joined: (column) => `string_agg(${column}::text, ',' order by ${column})`,
    references: (to) => readReferences(all, version, to),
    close: () => client.end().catch(() => {}),
  };
}

async function begin(url: URL): Promise<pg.Client> {
  sayHowToVerify(url);
  let client: pg.Client | undefined;
  try {
    // A file of certificates that is named is read here.
    client = new pg.Client({
      connectionString: url.href,
      connectionTimeoutMillis: 20_000,
      types: { getTypeParser: () => String },
    });
    client.on("error", () => {});
    await client.connect();
    await client.query("begin transaction isolation level repeatable read, read only");
    await client.query(
      "select set_config(name, value, true) from unnest($1::text[], $2::text[]) wanted (name, value) join pg_settings using (name)",
      [Object.keys(settings), Object.values(settings)],
    );
    return client;
  } catch (error) {
    await client?.end().catch(() => {});
    throw new SourceError(`The source ${describe(url)} cannot be reached: ${lineOf(error)}`, 3);
  }
}

/** What would read something else, or break off, by what is set for the role. Not every server knows each of them. */
const settings: Readonly<Record<string, string>> = {
  TimeZone: "UTC",
  DateStyle: "ISO, YMD",
  extra_float_digits: "3",
  bytea_output: "hex",
  statement_timeout: "0",
  transaction_timeout: "0",
  // While people are brought over, nothing is asked of the source.
  idle_in_transaction_session_timeout: "0",
  // Whom a policy hides would be gone without a word: PostgreSQL says so instead.
  row_security: "off",
};

const quote = ({ schema, table }: TableName) => `${pg.escapeIdentifier(schema)}.${pg.escapeIdentifier(table)}`;

/** Where it is, without the password. */
function describe({ host, pathname, searchParams }: URL): string {
  return `postgres://${host || (searchParams.get("host") ?? "")}${pathname}`;
}

type All = SqlReader["all"];

/** Old systems run on old servers: PostgreSQL has identity columns and partitions since 10, columns that an index only includes and keys of partitions since 11. */
export async function readTables(all: All, version: number): Promise<Table[]> {
  const [isIdentity, isPart] = version >= 10_00_00 ? ["a.attidentity <> ''", "c.relispartition"] : ["false", "false"];
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
    where c.relkind in ('r', 'p', 'v', 'm') and not ${isPart} and n.nspname not in ('pg_catalog', 'information_schema', 'latchkey')
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
        and ${keyColumns} = 1 and i.indkey[0] = a.attnum)::text as "isOneToOne", t.attname as target
    from pg_constraint c join pg_class r on r.oid = c.conrelid join pg_namespace n on n.oid = r.relnamespace
    cross join unnest(c.conkey, c.confkey) pair (near, far)
    join pg_attribute a on a.attrelid = c.conrelid and a.attnum = pair.near
    join pg_attribute t on t.attrelid = c.confrelid and t.attnum = pair.far
    where c.contype = 'f' and (cardinality(c.conkey) = 1 or t.attname = ${pg.escapeLiteral(to.primaryKey[0] ?? "")}) and ${isOwn} and c.confrelid = ${pg.escapeLiteral(quote(to))}::regclass
    order by 1, 2, 3`);
  return rows.map(({ schema, table, column, target, isOneToOne }) => ({
    table: { schema: schema ?? "", table: table ?? "" },
    column: column ?? "",
    target: target ?? "",
    isOneToOne: isOneToOne === "true",
  }));
}
