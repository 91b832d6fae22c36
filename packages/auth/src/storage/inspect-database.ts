import { randomUUID } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { type RawBuilder, sql } from "kysely";
import type pg from "pg";
import { processIdOf } from "./abandoned-connections.ts";
import { pinnedValues, unpinnedQuery } from "./connection-settings.ts";
import { ledgers, type Queries, type Storage, schemaName } from "./database.ts";
import { isLostStatement } from "./repeat.ts";

/**
 * What somebody did to our tables that no connection can set right, a line each: with these, answers would be wrong. A newer
 * version of a table is none of them.
 */
export async function findFaults(db: Queries): Promise<string[]> {
  // One after the other: a start has one connection by then, and opening two more takes longer than these.
  return [
    ...(await findHiddenTables(db)),
    ...(await findDisabledTriggers(db)),
    ...(await findLooseColumns(db)),
    ...(await findSequencesBehind(db)),
  ];
}

const names = async (db: Queries, query: RawBuilder<{ name: string }>) =>
  (await query.execute(db)).rows.map(({ name }) => name);

/** Row level security leaves rows out without a word; who owns a table, or may bypass it, sees all. */
async function findHiddenTables(db: Queries): Promise<string[]> {
  const tables = await names(
    db,
    sql`select c.relname as name from pg_class c
      where c.relnamespace = ${schemaName}::regnamespace and c.relkind = 'r' and row_security_active(c.oid) order by 1`,
  );
  return tables.map(
    (table) =>
      `Row level security hides rows of ${schemaName}.${table} from this role: alter table ${schemaName}.${table} disable row level security, or let the role own the table.`,
  );
}

/** Foreign keys are triggers too. */
async function findDisabledTriggers(db: Queries): Promise<string[]> {
  const tables = await names(
    db,
    sql`select distinct c.relname as name from pg_trigger t join pg_class c on c.oid = t.tgrelid
      where c.relnamespace = ${schemaName}::regnamespace and t.tgenabled not in ('O', 'A') order by 1`,
  );
  return tables.map(
    (table) =>
      `Triggers or foreign keys of ${schemaName}.${table} are disabled: alter table ${schemaName}.${table} enable trigger all.`,
  );
}

async function findLooseColumns(db: Queries): Promise<string[]> {
  const columns = await names(
    db,
    sql`select concat(c.relname, '.', a.attname) as name
      from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_collation o on o.oid = a.attcollation
      where c.relnamespace = ${schemaName}::regnamespace and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped
        and not o.collisdeterministic order by 1`,
  );
  return columns.map(
    (column) =>
      `${schemaName}.${column} has a collation in which different texts are equal: give it back the one that it had.`,
  );
}

/** Tables whose rows are numbered by a sequence. */
const numbered = ["audit_events", "consents", "webhook_events"];

/** Logical replication, or a copy of some tables, brings rows and not what numbers them: the next one would get a number that is taken. */
async function findSequencesBehind(db: Queries): Promise<string[]> {
  const highest = numbered.map(
    (table) =>
      sql`select ${`${table}_position_seq`}::text as name, max(position) as last from ${sql.table(`${schemaName}.${table}`)}`,
  );
  const { rows } = await sql<{ name: string; last: string }>`
    select highest.name, highest.last::text from (${sql.join(highest, sql` union all `)}) highest
      join pg_sequences on schemaname = ${schemaName} and sequencename = highest.name
    where highest.last > coalesce(last_value, 0)
      and has_sequence_privilege(concat(schemaname, '.', sequencename), 'select, usage')`.execute(db);
  return rows.map(
    ({ name, last }) =>
      `The sequence ${schemaName}.${name} is behind its table, as after logical replication, so that nothing could be written there: select setval('${schemaName}.${name}', ${last}).`,
  );
}

/** The connections that calls use. */
type Connections = Pick<Storage, "pool" | "prepare" | "isShared" | "isGiven">;

/** What works and should be mended, a line each. */
export async function findWeaknesses(db: Queries, storage: Connections): Promise<string[]> {
  const found = await Promise.all([
    findUnsafeSettings(db),
    findOldCollation(db),
    findMissingRights(db),
    findNarrowLimits(db, storage),
    findMixedConnections(storage),
  ]);
  return [...found.flat(), ...(await findForgetfulPooler(storage))];
}

async function findUnsafeSettings(db: Queries): Promise<string[]> {
  const settings = await names(
    db,
    sql`select name from unnest(array['fsync', 'full_page_writes']) name where current_setting(name) = 'off'`,
  );
  return settings.map(
    (name) => `${name} is off at the server: a crash of its machine can destroy the database. Set it to on.`,
  );
}

/** Connections of a process beside those that calls use. */
const others = 4;

/** Where a pooler is known to be between, its connections are not this process's. */
async function findNarrowLimits(db: Queries, { pool, isShared }: Connections): Promise<string[]> {
  if (isShared) return [];
  const { rows } = await sql<{ most: number }>`
    select least(
      (select nullif(rolconnlimit, -1) from pg_roles where rolname = current_user),
      (select nullif(datconnlimit, -1) from pg_database where datname = current_database()),
      current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int) as most`.execute(
    db,
  );
  const [wanted, most = 0] = [pool.options.max + others, rows[0]?.most];
  if (most >= wanted) return [];
  return [
    `This role may have ${most} connections, of all processes together, and one process opens up to ${wanted}: raise the limit, or lower DATABASE_POOL.`,
  ];
}

/** The running role reads these and adds to them. */
const trail = ["audit_events", "audit_seals"];

/** Rights of a default are the role's that gave them: tables that another owner has made since are without. */
async function findMissingRights(db: Queries): Promise<string[]> {
  const { rows } = await sql<{ needed: string; tables: string }>`
    select needed, string_agg(relname, ', ' order by relname) as tables
    from pg_class, unnest(array['select', 'insert', 'update', 'delete']) needed
    where relnamespace = ${schemaName}::regnamespace and relkind in ('r', 'p') and not has_table_privilege(oid, needed)
      and not (relname = any(${ledgers}::text[]) and needed <> 'select')
      and not (relname = any(${trail}::text[]) and needed in ('update', 'delete'))
    group by needed order by needed`.execute(db);
  return rows.map(
    ({ needed, tables }) =>
      `This role lacks ${needed} on ${tables}: run what "latchkey grants --role …" prints again, as the role that migrates.`,
  );
}

/** Text is sorted by the operating system's library, and an update of that puts indexes of names out of order. */
async function findOldCollation(db: Queries): Promise<string[]> {
  const { rows: versions } = await sql<{ isKnown: boolean }>`
    select current_setting('server_version_num')::int >= 150000 as is_known`.execute(db);
  if (!versions[0]?.isKnown) return [];
  const { rows } = await sql<{ database: string; made: string; now: string | null }>`
    select datname as database, datcollversion as made, pg_database_collation_actual_version(oid) as now
    from pg_database where datname = current_database() and datcollversion is not null`.execute(db);
  return rows
    .filter(({ made, now }) => made !== now)
    .map(
      ({ database, made, now }) =>
        `The rules by which the database ${database} sorts text are of version ${made}, and its machine has ${now}: reindex database ${database}, then alter database ${database} refresh collation version.`,
    );
}

/** So many queries at once use several connections, and several of a pooler's. */
const parallel = 8;

async function findMixedConnections({ prepare, isShared, isGiven }: Connections): Promise<string[]> {
  // Whose pool it is has settings of their own there.
  if (isGiven && !isShared) return [];
  const query = prepare<{ name: string }>("find-unpinned", unpinnedQuery);
  const rounds = await Promise.all(Array.from({ length: parallel }, () => query([...pinnedValues])));
  const unpinned = [...new Set(rounds.flatMap(({ rows }) => rows.map(({ name }) => name)))].sort();
  if (unpinned.length === 0) return [];
  return [
    `A pooler hands out connections without the settings of this service (${unpinned.join(", ")}): set PREPARED_STATEMENTS=off, or give the service a role of its own at the pooler, and reset what the database and the role set.`,
  ];
}

/** Milliseconds for which one connection keeps the pooler's from the other. */
const longestHold = 500;

/** Whether a pooler hands out another connection for each transaction, and forgets what was prepared on the one before. */
export async function findForgetfulPooler({ pool, isShared }: Pick<Storage, "pool" | "isShared">): Promise<string[]> {
  return isShared || pool.options.max < 2 || (await isDirect(pool)) || !(await forgets(pool)) ? [] : [forgetfulPooler];
}

/** A pooler makes up a process's number for each of its callers, to be cancelled by; PostgreSQL says its own. */
async function isDirect(pool: pg.Pool): Promise<boolean> {
  const client = await pool.connect();
  try {
    const { rows } = await client.query<{ pid: number }>("select pg_catalog.pg_backend_pid() as pid");
    return rows[0]?.pid === processIdOf(client);
  } finally {
    client.release();
  }
}

/**
 * One of two connections prepares a statement, the other takes the pooler's connection away from it, and the first runs the statement
 * again.
 */
async function forgets(pool: pg.Pool): Promise<boolean> {
  const [one, other] = await Promise.all([pool.connect(), pool.connect()]);
  const name = `latchkey-${randomUUID()}`;
  const run = (client: pg.PoolClient) => client.query({ name, text: "select 1" });
  let isForgotten = false;
  const attempt = (work: Promise<unknown>) =>
    work.catch((error: unknown) => {
      if (!isLostStatement(error)) throw error;
      isForgotten = true;
    });
  try {
    await run(one);
    await other.query("begin");
    const again = attempt(run(one));
    await Promise.race([again, wait(longestHold, undefined, { ref: false })]);
    await other.query("rollback");
    await again;
    // A pooler with one connection for both finds that the other knows a statement that it has not prepared.
    await attempt(run(other));
  } finally {
    // Not to be used again: what they prepared is known to them under a name that may be gone.
    one.release(true);
    other.release(true);
  }
  return isForgotten;
}

const forgetfulPooler =
  "A pooler before the database forgets prepared statements: set PREPARED_STATEMENTS=off, or use PgBouncer 1.21 or later with max_prepared_statements = 200.";
