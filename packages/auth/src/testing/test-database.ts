import { randomBytes } from "node:crypto";
import pg from "pg";
import { ledgers } from "../storage/database.ts";
import { isConflict, repeat } from "../storage/repeat.ts";
import { type KeptConnections, keepConnections } from "./kept-connections.ts";
import { administer, readTestServer, templateName } from "./test-server.ts";

export interface TestDatabase extends AsyncDisposable {
  readonly connection: pg.PoolConfig & { readonly database: string };
  /** One query, for what a test must see or break behind the service's back. */
  query<Row extends pg.QueryResultRow>(text: string, values?: readonly unknown[]): Promise<Row[]>;
  /** Ends its connections, after which it is there for copies alone: a database with connections cannot be copied. */
  rest(): Promise<void>;
}

interface TestDatabaseOptions {
  readonly isEmpty?: boolean;
  /** One that rests. */
  readonly copyOf?: TestDatabase;
}

/** A copy of the migrated template or of another one, or a database with nothing in it, dropped when it is disposed of. */
export async function createTestDatabase({ isEmpty = false, copyOf }: TestDatabaseOptions = {}): Promise<TestDatabase> {
  const database = await make(copyOf?.connection.database ?? (isEmpty ? "template1" : templateName));
  return toTestDatabase(database, open(database), () => drop(database));
}

/** A database that cores of tests use one after the other. */
export interface LentDatabase extends AsyncDisposable {
  /** For the test. It is not lent again when its connection was asked for, or when it was told to be otherwise than a core leaves it. */
  readonly database: TestDatabase;
  /** For its cores, which must be closed before it is given back. */
  readonly connection: pg.PoolConfig;
  /** Moves its clock away from the real time. */
  setClock(seconds: number): Promise<void>;
}

interface LoanOptions {
  /** One that rests. */
  readonly copyOf?: TestDatabase | undefined;
  /** Whether its cores change more than rows. */
  readonly isForOne: boolean;
}

/** One of those that were given back, emptied, or a new one. */
export async function borrowDatabase({ copyOf, isForOne }: LoanOptions): Promise<LentDatabase> {
  const isNew = isForOne || copyOf !== undefined;
  const lent = (isNew ? undefined : given.pop()) ?? (await make(copyOf?.connection.database ?? templateName));
  if (isNew) lent.isSpoilt = true;
  const pool = open(lent);
  let isBack = false;
  return {
    database: toTestDatabase(lent, pool, () => drop(lent)),
    connection: { ...lent.connection, Client: lent.connections.Client },
    async setClock(seconds) {
      const moved = `interval '${seconds} seconds'`;
      lent.hasClock ||= await hasClock(pool);
      await pool.query(lent.hasClock ? `update public.test_clock set moved = ${moved}` : makeMovable(moved));
      lent.hasClock = true;
    },
    async [Symbol.asyncDispose]() {
      // After a test that was skipped, hooks give back once more what the one before had.
      if (isBack) return;
      isBack = true;
      await lent.connections.settle();
      const isEmptied = !lent.isSpoilt && (await empty(pool, lent));
      await endPool(pool);
      if (!isEmptied || given.length >= mostGiven) return drop(lent);
      await lent.connections.settle();
      given.push(lent);
    },
  };
}

interface Database {
  readonly server: pg.PoolConfig;
  readonly connection: pg.PoolConfig & { readonly database: string };
  readonly connections: KeptConnections;
  /** Whether `latchkey.now()` follows a row. */
  hasClock: boolean;
  /** Whether emptying its tables may not be enough for the next one. */
  isSpoilt: boolean;
}

/** Those that wait for the next core of this process. */
const given: Database[] = [];
const mostGiven = 4;

async function make(template: string): Promise<Database> {
  const server = await readTestServer();
  const database = `test_${randomBytes(8).toString("hex")}`;
  // Copying files is half the work of the other way, which writes every page of the template to the log.
  await administer(server, `create database ${database} template ${template} strategy file_copy`);
  const connection = { ...server, database };
  return { server, connection, connections: keepConnections(), hasClock: false, isSpoilt: false };
}

async function drop({ server, connection, connections }: Database): Promise<void> {
  await connections.end();
  await administer(server, `drop database ${connection.database} with (force)`);
}

function open({ connection, connections }: Database): pg.Pool {
  const pool = new pg.Pool({ ...connection, max: 2, Client: connections.Client });
  return pool.on("error", () => {});
}

async function endPool(pool: pg.Pool): Promise<void> {
  if (!pool.ending) await pool.end();
}

/** Tables whose rows are the template's: nothing but a migration writes them. */
const ofMigrations = [...ledgers, "imported_name_key"];

/** Statements that change rows of other tables and nothing else. */
const changesRows = new RegExp(
  `^\\s*(select|insert|update|delete|with)\\b(?!.*(${ofMigrations.join("|")}))[^;]*$`,
  "is",
);

function toTestDatabase(database: Database, pool: pg.Pool, dispose: () => Promise<void>): TestDatabase {
  const rest = async () => {
    database.isSpoilt = true;
    await endPool(pool);
    await database.connections.end();
  };
  return {
    get connection() {
      database.isSpoilt = true;
      return database.connection;
    },
    async query(text, values = []) {
      database.isSpoilt ||= !changesRows.test(text);
      // A service may be in the midst of something about the same rows.
      return (await repeat(() => pool.query(text, [...values]), isConflict)).rows;
    },
    rest,
    async [Symbol.asyncDispose]() {
      await rest();
      await dispose();
    },
  };
}

/** A table without a page has had no row since it was made or emptied. */
const usedTables = `select relname as name from pg_class
  where relnamespace = 'latchkey'::regnamespace and relkind = 'r' and pg_relation_size(oid) > 0
    and relname not in (${ofMigrations.map((name) => `'${name}'`).join()})`;

const resetSequences =
  "select setval(seqrelid::regclass, 1, false) from pg_sequence where pg_sequence_last_value(seqrelid) is not null";

/**
 * Whether it could be: a connection of a test that was not closed may be in its way. Truncating would make new files of these tables and of all that
 * refer to them, which the connections would then have to look up again; a vacuum leaves no page behind either.
 */
async function empty(pool: pg.Pool, { hasClock }: Database): Promise<boolean> {
  try {
    // This tells other tables of it.
    await pool.query("set lock_timeout = '2s'; delete from latchkey.users");
    const { rows } = await pool.query<{ name: string }>(usedTables);
    const names = rows.map(({ name }) => name);
    const deletions = names.map((name) => `delete from latchkey.${name}; `).join("");
    await pool.query(`${deletions}${resetSequences}${hasClock ? "; update public.test_clock set moved = '0'" : ""}`);
    if (names.length === 0) return true;
    await pool.query(`vacuum ${names.map((name) => `latchkey.${name}`).join()}`);
    // As after the migrations, when PostgreSQL did not take them for empty.
    await pool.query("select pg_clear_relation_stats('latchkey', name) from unnest($1::text[]) name", [names]);
    return true;
  } catch {
    return false;
  }
}

async function hasClock(pool: pg.Pool): Promise<boolean> {
  const { rows } = await pool.query("select to_regclass('public.test_clock') is not null as \"isThere\"");
  return rows[0].isThere;
}

/** By how much the clock is moved stands in a row: another function would have every connection plan all of its statements anew. */
const makeMovable = (moved: string) => `
  create table public.test_clock as select ${moved} as moved;
  grant select on public.test_clock to public;
  create or replace function latchkey.now() returns timestamptz language sql stable parallel safe
    as $$ select pg_catalog.now() + moved from public.test_clock $$`;
