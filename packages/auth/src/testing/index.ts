import { randomBytes } from "node:crypto";
import pg from "pg";
import type { Auth } from "../auth.ts";
import type { Clock } from "../clock.ts";
import type { Config, ConfigOf } from "../config.ts";
import { createAuth } from "../create-auth.ts";
import type { RequestInfo } from "../flows/steps/core.ts";
import type { AuthOptions } from "../options.ts";
import { isConflict, repeat } from "../storage/repeat.ts";
import type { NoFields, ProfileFields } from "../users/profile.ts";
import { administer, readTestServer, templateName } from "./test-server.ts";

export { describeSchema } from "../storage/describe-schema.ts";
export { showTotp } from "./authenticator.ts";
export { createInbox, type Inbox } from "./inbox.ts";
export { createPasskeyDevice, type DeviceWhims, type PasskeyDevice } from "./passkey-device.ts";
export { processorTimeOf } from "./processor-time.ts";
export { type Share, shareOut, shareOutBy } from "./share-out.ts";
export { startTestServer, type TestServer } from "./test-server.ts";

/** A clock that stands still until it is moved. */
export interface MovableClock extends Clock {
  /** Moves this clock and the database's, in seconds. */
  advance(seconds: number): Promise<void>;
  /** By how many seconds it was moved so far. */
  moved(): number;
}

export interface TestDatabase extends AsyncDisposable {
  readonly connection: pg.PoolConfig & { readonly database: string };
  /** One query, for what a test must see or break behind the service's back. */
  query<Row extends pg.QueryResultRow>(text: string, values?: readonly unknown[]): Promise<Row[]>;
  /** Ends its connections, after which it is there for copies alone: a database with connections cannot be copied. */
  rest(): Promise<void>;
}

export interface TestAuth<C extends Config = Config> extends AsyncDisposable {
  readonly auth: Auth<C>;
  readonly database: TestDatabase;
  readonly clock: MovableClock;
  /** What every call in a test says of where it comes from. */
  readonly facts: RequestInfo;
  /** Another process's view of the same database: its own memory, pool and keys. */
  another(options?: Partial<AuthOptions>): Promise<Auth<C>>;
  /** Closes all cores, after which it is there for copies alone. */
  rest(): Promise<void>;
}

/** For the connections of a test: a machine that is busy with something else is no database that is away. */
export const timeLimits = { connectionTimeoutMillis: 20_000, statement_timeout: 20_000 };

export const testSecret = "3q2-7wABiV9kYx0dT5nPzQ8mL4sR6uHcJ1gEfWoXyZs";

/** What a core of a test is told before anything else. The clock stands still, so that nothing of a budget would come back. */
export const quick = { secret: testSecret, refusalDelay: 0, callBudgets: { own: 0, administration: 0 } };

/**
 * A core on a throw-away database of its own, migrated, with a clock to move, and with hashes and refusals that are quick. A file whose tests begin
 * with the same people makes these once, lets them rest, and gives each test a copy.
 *
 * @example
 * await using test = await createTestAuth();
 * await test.auth.createUser({ username: "alice", password: "correct horse battery" });
 */
export async function createTestAuth<
  const Fields extends ProfileFields = NoFields,
  const Declared extends readonly string[] = readonly [],
>(
  options: Partial<AuthOptions<Fields, Declared>> = {},
  { copyOf }: { readonly copyOf?: TestAuth } = {},
): Promise<TestAuth<ConfigOf<Fields, Declared>>> {
  const database = await createTestDatabase(copyOf && { copyOf: copyOf.database });
  const clock = createMovableClock(database, copyOf?.clock);
  const opened: Auth<ConfigOf<Fields, Declared>>[] = [];
  const another = async (overrides: Partial<AuthOptions> = {}) => {
    const passwords = { cost: 4, hashConcurrency: 2, ...options.passwords, ...overrides.passwords };
    const all = { ...quick, clock, ...options, ...overrides, passwords } as AuthOptions<Fields, Declared>;
    const auth = createAuth({ ...database.connection, ...timeLimits }, all);
    opened.push(auth);
    // The template has the schema, and all indexes but those of a profile's own fields.
    await auth.initialize({ migrations: all.profile ? "auto" : "off" });
    return auth;
  };
  const rest = async () => {
    await Promise.all(opened.splice(0).map((auth) => auth.close()));
    await database.rest();
  };
  return {
    auth: await another(),
    database,
    clock,
    facts: { requestId: "test-request", address: "192.0.2.1", userAgent: "test" },
    another,
    rest,
    async [Symbol.asyncDispose]() {
      await rest();
      await database[Symbol.asyncDispose]();
    },
  };
}

/**
 * The process's clock stands still and starts at the real time; the database's is moved by the same amount. By how much stands in a row: another
 * function would have every connection plan all of its statements anew.
 */
function createMovableClock(database: TestDatabase, before?: MovableClock): MovableClock {
  let now = before?.now().getTime() ?? Date.now();
  let offset = before?.moved() ?? 0;
  let isMovable = offset > 0;
  return {
    now: () => new Date(now),
    moved: () => offset,
    async advance(seconds) {
      now += seconds * 1000;
      offset += seconds;
      const moved = `interval '${offset} seconds'`;
      await database.query(isMovable ? `update public.test_clock set moved = ${moved}` : makeMovable(moved));
      isMovable = true;
    },
  };
}

const makeMovable = (moved: string) => `
  create table public.test_clock as select ${moved} as moved;
  grant select on public.test_clock to public;
  create or replace function latchkey.now() returns timestamptz language sql stable parallel safe
    as $$ select pg_catalog.now() + moved from public.test_clock $$`;

interface TestDatabaseOptions {
  readonly isEmpty?: boolean;
  /** One that rests. */
  readonly copyOf?: TestDatabase;
}

/** A copy of the migrated template or of another one, or a database with nothing in it, dropped when it is disposed of. */
export async function createTestDatabase({ isEmpty = false, copyOf }: TestDatabaseOptions = {}): Promise<TestDatabase> {
  const server = await readTestServer();
  const database = `test_${randomBytes(8).toString("hex")}`;
  const connection = { ...server, database };
  // Copying files is half the work of the other way, which writes every page of the template to the log.
  const template = copyOf?.connection.database ?? (isEmpty ? "template1" : templateName);
  await administer(server, `create database ${database} template ${template} strategy file_copy`);
  const pool = new pg.Pool({ ...connection, max: 2 });
  pool.on("error", () => {});
  const rest = async () => {
    if (!pool.ending) await pool.end();
  };
  return {
    connection,
    // A service may be in the midst of something about the same rows.
    query: async (text, values = []) => (await repeat(() => pool.query(text, [...values]), isConflict)).rows,
    rest,
    async [Symbol.asyncDispose]() {
      await rest();
      await administer(server, `drop database ${database} with (force)`);
    },
  };
}
