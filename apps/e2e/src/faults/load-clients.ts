import { createAuth } from "@latchkey/auth";
import { testSecret } from "@latchkey/auth/testing";
import type pg from "pg";
import { expect } from "vitest";
import { queryOnce } from "../processes/external-database.ts";
import { createDice, type Dice } from "../sessions/seeded-random.ts";
import { readRefreshToken } from "../sessions/stored-token.ts";
import { type Door, Person, password, phoneNumberOf, type Seen, usernameOf } from "./person.ts";

/** People with accounts on one database, at the door of one service. */
export interface Crowd extends Disposable {
  readonly people: readonly Person[];
  readonly door: Door;
  /** What everybody saw so far, in order. */
  readonly seen: readonly Seen[];
  /** What everybody saw after a time. */
  since(time: number): readonly Seen[];
  /** Has everybody work, or the first few. */
  work(dice: Dice, few?: number): Work;
}

export interface Work extends AsyncDisposable {
  /** Resolves when everybody has stopped; rejects when somebody was shown what cannot be. */
  stop(): Promise<void>;
}

/** What a service needs to be told, so that no session of a crowd that signs in again and again ends for that, nor a change is refused. */
export const forCrowds = { SESSIONS_PER_USER: "1000", CHANGES_PER_MINUTE: "0" };

/** @param connection of a database that a service has migrated */
export async function createCrowd(connection: pg.PoolConfig, size: number, { url, pid }: Door): Promise<Crowd> {
  await createAccounts(connection, size);
  const door: Door = { url, ...(pid && { pid }) };
  const seen: Seen[] = [];
  const people = Array.from({ length: size }, (_, index) => new Person(index, door, seen));
  return {
    people,
    door,
    seen,
    since: (time) => seen.slice(seen.findLastIndex(({ at }) => at <= time) + 1),
    work: (dice, few = size) => setToWork(people.slice(0, few), dice),
    [Symbol.dispose]() {
      for (const person of people) person[Symbol.dispose]();
    },
  };
}

function setToWork(people: readonly Person[], dice: Dice): Work {
  const stopping = new AbortController();
  const working = Promise.all(
    people.map((person) => person.work(createDice(dice.between(0, 2 ** 31)), stopping.signal)),
  );
  // Whoever fails is told about when the work is stopped.
  working.catch(() => {});
  const stop = async () => {
    stopping.abort();
    await working;
  };
  return { stop, [Symbol.asyncDispose]: stop };
}

/** Makes the accounts of so many people, with one hash of the service's own cost for all of them. */
export async function createAccounts(connection: pg.PoolConfig, size: number): Promise<void> {
  const cheap = createAuth(connection, { secret: testSecret, passwords: { cost: 4 } });
  const dear = createAuth(connection, { secret: testSecret, passwords: { cost: 10 } });
  try {
    for (let index = 0; index < size; index += 1) {
      const auth = index === 0 ? dear : cheap;
      await auth.createUser({ username: usernameOf(index), phoneNumber: phoneNumberOf(index), password });
    }
    await cheap.pool.query(
      "update latchkey.users set password = first.password from latchkey.users first where first.username = $1",
      [usernameOf(0)],
    );
  } finally {
    await Promise.all([cheap.close(), dear.close()]);
  }
}

interface StoredPerson {
  readonly username: string;
  readonly city: string | null;
  readonly signIns: number;
  readonly updates: number;
}

/**
 * Compares what was acknowledged with what is in the tables: no sign-in, refresh or profile update is missing, none is there that
 * nobody asked for, and nobody's session has ended.
 */
export async function expectNothingLost(crowd: Crowd, connection: pg.ClientConfig): Promise<void> {
  const count = (event: string) =>
    `(select count(*)::int from latchkey.audit_events where subject_id = u.id and event = '${event}')`;
  const stored = await queryOnce<StoredPerson>(
    connection,
    `select username, city, ${count("signed_in")} as "signIns", ${count("profile_updated")} as updates from latchkey.users u`,
  );
  const sessions = await queryOnce<StoredSession>(
    connection,
    `select replace(id::text, '-', '') as id, refresh_hash as hash, previous_refresh_hash as "previousHash" from latchkey.sessions
      where ended_at is null`,
  );
  for (const person of crowd.people) {
    expectStored(
      person,
      stored.find(({ username }) => username === person.username),
    );
    expectSessions(person, sessions);
  }
}

/** Nobody has been signed out: everybody goes on with what they have. */
export async function expectToGoOn(crowd: Crowd): Promise<void> {
  const signedIn = crowd.people.filter(({ session }) => session !== null);
  const seen = await Promise.all(signedIn.map(async (person) => [await person.refresh(), await person.read()]));
  expect(seen.flat().map(({ status }) => status)).toEqual(signedIn.flatMap(() => [200, 200]));
}

function expectStored(person: Person, stored: StoredPerson | undefined): void {
  const { username, cities, signIns, updates } = person;
  expect(cities, `the city of ${username}`).toContain(stored?.city);
  expectBetween(signIns.told, stored?.signIns, signIns.tried, `the sign-ins of ${username}`);
  expectBetween(updates.told, stored?.updates, updates.tried, `the updates of ${username}`);
}

function expectBetween(least: number, actual: number | undefined, most: number, what: string): void {
  expect(actual, what).toBeGreaterThanOrEqual(least);
  expect(actual, what).toBeLessThanOrEqual(most);
}

interface StoredSession {
  readonly id: string;
  readonly hash: Buffer;
  readonly previousHash: Buffer | null;
}

function expectSessions({ username, sessions, session }: Person, stored: readonly StoredSession[]): void {
  const ids = new Set(stored.map(({ id }) => id));
  expect(
    sessions.filter((id) => !ids.has(id)),
    `sessions of ${username} that are not there`,
  ).toEqual([]);
  if (!session) return;
  const { sessionId, hash } = readRefreshToken(session.refreshToken);
  const row = stored.find(({ id }) => id === sessionId);
  const known = [row?.hash, row?.previousHash].filter((known) => known?.equals(hash));
  expect(known, `the refresh token of ${username} is the present one, or the one before`).toHaveLength(1);
}

/** What is told while the database is not to be had, and nothing else: 503 `unavailable`, and when to come back. */
export function expectUnavailable(refusals: readonly Seen[]): void {
  for (const refusal of refusals) {
    expect(refusal).toMatchObject({ status: 503, reason: "unavailable", retryAfter: [1, 1] });
  }
}

/** The milliseconds that the slowest of some calls took, of a machine at rest. */
export function slowest(seen: readonly Seen[]): number {
  return seen.reduce((most, { unhindered }) => Math.max(most, unhindered), 0);
}
