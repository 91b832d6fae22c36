import type pg from "pg";

/**
 * Settings of PostgreSQL that change what a statement means, how an answer is written or whether what was acknowledged is kept, as
 * our statements need them. A server, a database, a role, a connection string or `PGOPTIONS` may say otherwise; each connection
 * sets them for itself. All of them may be set by any role; those that a version of PostgreSQL does not know are passed over.
 */
const pinned: Readonly<Record<string, string>> = {
  // What a statement sees of others that run at the same time, and whether it may wait for them.
  default_transaction_isolation: "read committed",
  default_transaction_deferrable: "off",
  lock_timeout: "0",
  idle_in_transaction_session_timeout: "0",
  idle_session_timeout: "0",
  transaction_timeout: "0",
  // Nothing that was acknowledged is lost when the server is killed.
  synchronous_commit: "on",
  // How texts, times and bytes are written and read.
  client_encoding: "UTF8",
  standard_conforming_strings: "on",
  backslash_quote: "safe_encoding",
  array_nulls: "on",
  transform_null_equals: "off",
  // An index would find some of many rows, and not always the same.
  gin_fuzzy_search_limit: "0",
  datestyle: "ISO, MDY",
  intervalstyle: "postgres",
  timezone: "UTC",
  bytea_output: "hex",
  extra_float_digits: "1",
  quote_all_identifiers: "off",
  // Ours are written with their schema; functions and operators are PostgreSQL's own.
  search_path: "pg_catalog",
  // What a migration makes.
  default_table_access_method: "heap",
  check_function_bodies: "on",
  // One refused statement is not the end of the connection, and nobody reads what is less than a warning.
  exit_on_error: "off",
  client_min_messages: "warning",
  // How a statement is run: by its index, whatever the statistics say, and not compiled or shared out.
  plan_cache_mode: "auto",
  jit: "off",
  debug_parallel_query: "off",
  force_parallel_mode: "off",
  enable_indexscan: "on",
  enable_indexonlyscan: "on",
  enable_bitmapscan: "on",
  enable_nestloop: "on",
  enable_sort: "on",
};

/** The names of {@link pinned}, for tests and for the documentation. */
export const pinnedSettings: readonly string[] = Object.keys(pinned);

/** `statement_timeout` is sent with the connection too, which a pooler may have dropped. */
function settingsOf(statementTimeout: number): Readonly<Record<string, string>> {
  return { ...pinned, statement_timeout: `${statementTimeout}ms` };
}

// Nothing here is looked up in a schema that somebody else may have put before PostgreSQL's own.
const pinQuery = `
  select
    (select pg_catalog.count(pg_catalog.set_config(pin.name, pin.value, $3))
      from unnest($1::pg_catalog.text[], $2::pg_catalog.text[]) as pin (name, value)
      where pg_catalog.current_setting(pin.name, true) is not null) as pinned,
    pg_catalog.current_setting('server_version_num')::int as version,
    pg_catalog.current_database() as database,
    pg_catalog.current_setting('server_encoding') as encoding,
    pg_catalog.current_setting('default_transaction_read_only') as "readOnly",
    pg_catalog.current_setting('session_replication_role') as "replicationRole",
    pg_catalog.pg_is_in_recovery() as "isStandby",
    (select extract(epoch from backend_start)::pg_catalog.text from pg_catalog.pg_stat_get_activity(pg_catalog.pg_backend_pid())) as began`;

/** What a server says of itself when a connection to it is opened. */
export interface Found {
  /** Such as 150014. */
  readonly version: number;
  readonly database: string;
  readonly encoding: string;
  readonly readOnly: string;
  readonly replicationRole: string;
  readonly isStandby: boolean;
  /** When the connection began: no other has both this and its number, on whatever server. */
  readonly began: string;
}

/** Whether a connection can be used. */
export interface Pinned {
  /** Why it cannot be, in one line; null when it can. */
  readonly obstacle: string | null;
  readonly began: string | null;
}

/**
 * Makes a new connection mean what our statements mean, in one round trip, and says why it cannot be used.
 *
 * @param statementTimeout milliseconds; 0 for as long as it takes
 * @param isShared whether a pooler hands the connection to others, who must not find our settings on it: it is only looked at
 */
export async function pinSettings(client: pg.ClientBase, statementTimeout: number, isShared: boolean): Promise<Pinned> {
  const settings = settingsOf(statementTimeout);
  const values = [Object.keys(settings), Object.values(settings), isShared];
  const { rows } = await client.query<Found>(pinQuery, values);
  const [found] = rows;
  if (!found) return { obstacle: "it answers nothing to the first query", began: null };
  return { obstacle: (await pinReplicationRole(client, found, isShared)) ?? findObstacle(found), began: found.began };
}

async function pinReplicationRole(
  client: pg.ClientBase,
  { replicationRole }: Found,
  isShared: boolean,
): Promise<string | null> {
  if (replicationRole === "origin" || (!isShared && (await tryToPinReplicationRole(client)))) return null;
  return `session_replication_role is ${replicationRole}, which turns triggers and foreign keys off: alter role … reset session_replication_role, as a superuser`;
}

const oldestVersion = 12;

/** Why a server cannot be used, in one line; null when it can. */
export function findObstacle({
  version,
  database,
  encoding,
  readOnly,
  isStandby,
}: Omit<Found, "replicationRole" | "began">) {
  if (version < oldestVersion * 10_000)
    return `PostgreSQL ${Math.floor(version / 10_000)} is too old: ${oldestVersion} or later is needed`;
  if (encoding !== "UTF8")
    return `the database ${JSON.stringify(database)} has the encoding ${encoding}, in which names of most languages cannot be kept: make one with encoding 'UTF8' template template0`;
  if (isStandby) return "it is a standby, from which nothing is answered: name the primary";
  // Not overridden: whoever set it, a provider whose disk is full among them, has a reason.
  if (readOnly === "on")
    return `the database ${JSON.stringify(database)} or this role is read-only (default_transaction_read_only): alter database … reset default_transaction_read_only`;
  return null;
}

/** Only a superuser may. */
async function tryToPinReplicationRole(client: pg.ClientBase): Promise<boolean> {
  try {
    await client.query("set session_replication_role = origin");
    return true;
  } catch {
    return false;
  }
}

/**
 * The same settings for the length of a transaction, as a text to send behind its beginning: for a pooler that may hand out another
 * connection for the next one.
 */
export function toLocalSettings(statementTimeout: number): string {
  const pins = Object.entries(settingsOf(statementTimeout)).map(([name, value]) => `('${name}', '${value}')`);
  return `select pg_catalog.count(pg_catalog.set_config(name, value, true)) from (values ${pins.join(", ")}) pin (name, value)
    where pg_catalog.current_setting(name, true) is not null`;
}

/** Which of the pinned settings a connection does not have, be it that a pooler has mixed connections up; with {@link pinnedValues}. */
export const unpinnedQuery = `
  select pin.name from unnest($1::pg_catalog.text[], $2::pg_catalog.text[]) as pin (name, value)
  where pg_catalog.lower(pg_catalog.current_setting(pin.name, true)) operator(pg_catalog.<>) pg_catalog.lower(pin.value)`;

export const pinnedValues = [Object.keys(pinned), Object.values(pinned)] as const;

/** Of the pinned settings those by which an answer is another one, or cannot be read. Times and bytes are read in whatever zone and spelling they come. */
const oddQuery = `
  select name from (values
    ('datestyle', pg_catalog.current_setting('datestyle') operator(pg_catalog.~) '^ISO'),
    ('standard_conforming_strings', pg_catalog.current_setting('standard_conforming_strings')::pg_catalog.bool),
    ('array_nulls', pg_catalog.current_setting('array_nulls')::pg_catalog.bool),
    ('transform_null_equals', not pg_catalog.current_setting('transform_null_equals')::pg_catalog.bool),
    ('gin_fuzzy_search_limit', pg_catalog.current_setting('gin_fuzzy_search_limit')::int operator(pg_catalog.=) 0),
    ('extra_float_digits', pg_catalog.current_setting('extra_float_digits')::int operator(pg_catalog.>=) 0)
  ) setting (name, is_met) where not is_met`;

/** Settings of a connection that is not ours to set with which our statements would answer something else, and what they should be. */
export async function findOddSettings(client: pg.ClientBase): Promise<(readonly [name: string, value: string])[]> {
  const { rows } = await client.query<{ name: string }>(oddQuery);
  return rows.map(({ name }) => [name, name === "datestyle" ? "ISO" : String(pinned[name])]);
}
