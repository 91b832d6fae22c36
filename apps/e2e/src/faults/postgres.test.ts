import { performance } from "node:perf_hooks";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createMigratedDatabase, type OwnDatabase, queryOnce } from "../processes/external-database.ts";
import { createInstallation, type Installation, type Service } from "../processes/installation.ts";
import { until } from "../processes/service-process.ts";
import { openPoster } from "../sessions/two-services.ts";
import { startKilling } from "./backend-killer.ts";
import {
  type Crowd,
  createCrowd,
  expectNothingLost,
  expectToGoOn,
  expectUnavailable,
  forCrowds,
  slowest,
} from "./load-clients.ts";
import { takeLock } from "./lock.ts";
import { readMemory } from "./memory.ts";
import { expectCleanOutput, findDefects } from "./output.ts";
import { type OwnPostgres, startOwnPostgres } from "./own-postgres.ts";
import type { Person } from "./person.ts";
import { startStopwatch } from "./processor-time.ts";
import { atLength, isLong, withDice } from "./run-length.ts";

/** More than a process has connections. */
const crowdSize = 14;
/** Those who work where it does not take many. */
const few = 5;
/** Milliseconds within which a call is answered, whatever PostgreSQL does. */
const longestAnswer = 5_000;
/** Milliseconds after PostgreSQL is there again within which a call succeeds. */
const longestReturn = 2_000;

/** Undefined in the ordinary run, in which the tests' own server does: nothing happens there to more than one database. */
let postgres: OwnPostgres | undefined;
let database: OwnDatabase;
let installation: Installation;
let service: Service;
let crowd: Crowd;

const stack = new AsyncDisposableStack();
afterAll(() => stack.disposeAsync());

/** One service for all that happens to PostgreSQL; whatever ends it ends the test. */
beforeAll(async () => {
  if (isLong || process.env.LATCHKEY_LONG === "1") {
    postgres = stack.use(await startOwnPostgres());
    database = await postgres.createDatabase();
  } else database = stack.use(await createMigratedDatabase());
  installation = stack.use(await createInstallation({ ...forCrowds, DATABASE_URL: database.url }));
  service = await installation.start();
  crowd = stack.use(await createCrowd({ connectionString: database.url }, crowdSize, service));
  await Promise.all(crowd.people.map((person) => person.signIn()));
});

/** What fails in one must not be silent, or away, in the next. */
afterEach(() => postgres?.comeBack());

/** When the test began: what went wrong in one is not told of those after it. */
let startedAt = 0;
beforeEach(() => {
  startedAt = performance.now();
});

/** What everybody has seen since a time other than what they asked for. */
const refusalsSince = (time: number) => crowd.since(time).filter(({ status }) => status !== 200);

/** Waits until the service has answered so many calls more. */
async function untilAnswered(calls: number): Promise<void> {
  const before = crowd.seen.length;
  await until(() => crowd.seen.length > before + calls);
}

/** Waits until a call has succeeded after a time, and answers in how many milliseconds of a machine at rest that was, from now on. */
async function measureReturn(after: number): Promise<number> {
  const stopwatch = startStopwatch(service.pid);
  await until(() => crowd.since(after).some(({ status }) => status === 200));
  return stopwatch();
}

/** Asks again as long as the database is away, as a client does. */
async function until200(act: () => Promise<{ status: number }>): Promise<void> {
  let { status } = await act();
  while (status === 503) ({ status } = await act());
  expect(status).toBe(200);
}

/** However it went: one kind of refusal, in time; what was acknowledged is there, and whoever was signed in still is. */
async function expectAllIsWell(): Promise<void> {
  expectUnavailable(refusalsSince(startedAt));
  expect(slowest(crowd.since(startedAt))).toBeLessThan(longestAnswer);
  await expectNothingLost(crowd, { connectionString: database.url });
  await expectToGoOn(crowd);
  expect(service.isRunning()).toBe(true);
  expect(findDefects(service)).toEqual([]);
}

describe("backends are killed inside refreshes", () => {
  const refreshes = atLength(200, 10);

  test("nobody is signed out, each retry gets a working pair, and there is one chain", () =>
    withDice(async (dice) => {
      const people = crowd.people.slice(0, few);
      const countRotations = await slowRotationsDown();
      const countDone = () => people.reduce((sum, { refreshes: { told } }) => sum + told, 0);
      const killer = await startKilling(database.url, dice, countDone);
      const before = countDone();
      // On a busy machine many of them are not hit.
      const areHit = () => Math.min(killer.killed(), refusalsSince(startedAt).length) > refreshes / 5;
      do await Promise.all(people.map((person) => refreshRepeatedly(person, refreshes)));
      while (!areHit());
      await killer.stop();
      expect(await countRotations()).toBe(countDone() - before);
      await expectAllIsWell();
    }));

  /** Lets a rotation take a while, so that it is often under way when it is hit. Answers how to count those that came to an end. */
  async function slowRotationsDown(): Promise<() => Promise<number>> {
    const connection = { connectionString: database.url };
    await queryOnce(
      connection,
      `create table public.rotations (session_id uuid);
      create function public.note_rotation() returns trigger language plpgsql as $$
        begin insert into public.rotations values (new.id); perform pg_sleep(0.005); return new; end $$;
      create trigger note_rotation after update on latchkey.sessions for each row
        when (old.refresh_hash is distinct from new.refresh_hash) execute function public.note_rotation()`,
    );
    return async () => {
      await queryOnce(connection, "drop trigger note_rotation on latchkey.sessions");
      const [counted] = await queryOnce<{ count: number }>(connection, "select count(*)::int from public.rotations");
      return counted?.count ?? Number.NaN;
    };
  }

  /** Asks for each refresh until it is answered, with the same token, as a client does, and uses what it is given. */
  async function refreshRepeatedly(person: Person, times: number): Promise<void> {
    for (let left = times; left > 0; left -= 1) {
      await until200(() => person.refresh());
      await until200(() => person.read());
    }
  }
});

describe("every connection of the service is held by a lock", () => {
  const rounds = atLength(4, 1);
  const longestHold = atLength(10_000, 0);

  test("`unavailable` within 5 seconds, no more connections than 10, and no statement is left behind; then service", () =>
    withDice(async (dice) => {
      await using work = crowd.work(dice);
      for (let round = 0; round < rounds; round += 1) {
        await untilAnswered(dice.between(20, 100));
        const lock = await takeLock(database.url, dice);
        const heldAt = performance.now();
        await until(() => refusalsSince(heldAt).length > crowdSize);
        const holdFor = dice.between(0, longestHold);
        await until(() => performance.now() > heldAt + holdFor);
        const { connections, oldestStatement } = await lock.lookAround();
        expect(connections).toBeLessThanOrEqual(10);
        expect(oldestStatement).toBeLessThan(3);
        await lock.release();
        expect(await measureReturn(performance.now())).toBeLessThan(longestReturn);
      }
      await work.stop();
      await expectAllIsWell();
    }));
});

describe("PostgreSQL stops answering, with connections open", () => {
  const rounds = atLength(4, 1);
  const longestSilence = atLength(15_000, 0);
  /** Requests that come at once, of twenty refreshes each: as many as may wait for one session. */
  const flood = 50;
  /** Megabytes. */
  const mostGrowth = 150;

  test(
    "`unavailable` within 5 seconds, whoever comes, in bounded memory; service again when it goes on",
    { tags: ["long"] },
    () =>
      withDice(async (dice) => {
        await using work = crowd.work(dice, few);
        const memory = await readMemory(service.pid);
        const owner = crowd.people.at(-1) as Person;
        for (let round = 0; round < rounds; round += 1) {
          await untilAnswered(dice.between(20, 100));
          await postgres?.freeze();
          const frozenAt = performance.now();
          await expectFloodRefused(owner);
          expect((await readMemory(service.pid)) - memory).toBeLessThan(mostGrowth);
          const silence = dice.between(0, longestSilence);
          await until(() => performance.now() > frozenAt + silence);
          await postgres?.thaw();
          expect(await measureReturn(frozenAt)).toBeLessThan(longestReturn);
          // Some of the flood was read by PostgreSQL all the same, and is carried out now.
          await until200(() => owner.refresh());
        }
        await work.stop();
        await expectAllIsWell();
      }),
  );

  async function expectFloodRefused({ session }: Person): Promise<void> {
    using poster = openPoster(flood);
    const refreshToken = session?.refreshToken;
    const calls = Array(20).fill("token.refresh");
    const url = `${service.url}/trpc/${calls.join()}?batch=1`;
    const inputs = { ...calls.map(() => ({ refreshToken })) };
    const stopwatch = startStopwatch(service.pid);
    const answers = await Promise.all(Array.from({ length: flood }, () => poster.post(url, inputs)));
    expect(stopwatch()).toBeLessThan(longestAnswer);
    for (const { status, body } of answers) {
      expect(status).toBe(503);
      for (const { error } of body) expect(error.data).toMatchObject({ reason: "unavailable", retryAfter: 1 });
    }
    expect(await poster.get(`${service.url}/readyz`)).toMatchObject({ status: 503 });
    expect(await poster.get(`${service.url}/healthz`)).toMatchObject({ status: 200 });
  }
});

describe("PostgreSQL is restarted under load", () => {
  const rounds = atLength(5, 1);

  test(
    "`unavailable` meanwhile, no end of the process, service within 2 seconds of its return, and nothing is lost",
    { tags: ["long"] },
    () =>
      withDice(async (dice) => {
        await using work = crowd.work(dice, few);
        for (let round = 0; round < rounds; round += 1) {
          await untilAnswered(dice.between(20, 100));
          await postgres?.stop();
          const stoppedAt = performance.now();
          await until(() => refusalsSince(stoppedAt).length >= 20);
          await postgres?.start();
          expect(await measureReturn(stoppedAt)).toBeLessThan(longestReturn);
        }
        await work.stop();
        await expectAllIsWell();
      }),
  );
});

test("through all of that the log is JSON lines without a secret, nothing else is said, and the service stops with 0", async () => {
  expect(await service.stop()).toMatchObject({ code: 0 });
  expectCleanOutput(service, crowd, [new URL(database.url).password]);
});
