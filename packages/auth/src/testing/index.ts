import type { Auth } from "../auth.ts";
import type { Clock } from "../clock.ts";
import type { Config, ConfigOf } from "../config.ts";
import { createAuth } from "../create-auth.ts";
import type { RequestInfo } from "../flows/steps/core.ts";
import type { AuthOptions } from "../options.ts";
import type { NoFields, ProfileFields } from "../users/profile.ts";
import { borrowDatabase, type LentDatabase, type TestDatabase } from "./test-database.ts";

export { describeSchema } from "../storage/describe-schema.ts";
export { showTotp } from "./authenticator.ts";
export { createInbox, type Inbox } from "./inbox.ts";
export { createPasskeyDevice, type DeviceWhims, type PasskeyDevice } from "./passkey-device.ts";
export { processorTimeOf } from "./processor-time.ts";
export { type Share, shareOut, shareOutBy } from "./share-out.ts";
export { createTestDatabase, type TestDatabase } from "./test-database.ts";
export { startTestServer, type TestServer } from "./test-server.ts";

/** A clock that stands still until it is moved. */
export interface MovableClock extends Clock {
  /** Moves this clock and the database's, in seconds. */
  advance(seconds: number): Promise<void>;
  /** By how many seconds it was moved so far. */
  moved(): number;
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
 * A core on a migrated database that nobody else uses, new or emptied, with a clock to move, and with hashes and refusals that are quick. A file
 * whose tests begin with the same people makes these once, lets them rest, and gives each test a copy.
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
  const lent = await borrowDatabase({ copyOf: copyOf?.database, isForOne: options.profile !== undefined });
  const { database } = lent;
  const clock = createMovableClock(lent, copyOf?.clock);
  const opened: Auth<ConfigOf<Fields, Declared>>[] = [];
  const another = async (overrides: Partial<AuthOptions> = {}) => {
    const passwords = { cost: 4, hashConcurrency: 2, ...options.passwords, ...overrides.passwords };
    const all = { ...quick, clock, ...options, ...overrides, passwords } as AuthOptions<Fields, Declared>;
    const auth = createAuth({ ...lent.connection, ...timeLimits }, all);
    opened.push(auth);
    // The template has the schema, and all indexes but those of a profile's own fields.
    await auth.initialize({ migrations: all.profile ? "auto" : "off" });
    return auth;
  };
  const close = () => Promise.all(opened.splice(0).map((auth) => auth.close()));
  return {
    auth: await another(),
    database,
    clock,
    facts: { requestId: "test-request", address: "192.0.2.1", userAgent: "test" },
    another,
    async rest() {
      await close();
      await database.rest();
    },
    async [Symbol.asyncDispose]() {
      await close();
      await lent[Symbol.asyncDispose]();
    },
  };
}

/** The process's clock stands still and starts at the real time; the database's is moved by the same amount. */
function createMovableClock(database: LentDatabase, before?: MovableClock): MovableClock {
  let now = before?.now().getTime() ?? Date.now();
  let offset = before?.moved() ?? 0;
  return {
    now: () => new Date(now),
    moved: () => offset,
    async advance(seconds) {
      now += seconds * 1000;
      offset += seconds;
      await database.setClock(offset);
    },
  };
}
