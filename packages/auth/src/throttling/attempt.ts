import { AuthError } from "../errors.ts";
import { type Counter, countAttempt, findWait, giveBackAttempt, isExhausted } from "./counter.ts";
import { limits } from "./limits.ts";
import { type KeyedScope, type Scope, toCounterName } from "./scope.ts";
import type { ReadCounters, StoredCounter } from "./throttle-store.ts";

/** Counters by the names of their keys, as they were at a time of the database. */
export interface Counters {
  readonly byName: Map<string, StoredCounter>;
  readonly now: Date;
}

/** Counters that a transaction holds. */
export interface Held extends Counters {
  /** The names of those that are to be written. */
  readonly changed: Set<string>;
}

export function indexCounters({ counters, now }: ReadCounters): Counters {
  return { byName: new Map(counters.map((counter) => [toCounterName(counter.key), counter])), now };
}

/** How an attempt stands in one of its scopes. */
export interface State {
  readonly scope: Scope;
  readonly name: string;
  readonly wait: number;
  /** Whether this attempt is the last free one. */
  readonly isLast: boolean;
}

export function readState({ limit, of, name }: KeyedScope, { byName, now }: Counters): State {
  const counter = byName.get(name);
  if (!counter) throw new Error("A counter that was locked is not there");
  const isLast = isExhausted(limits[limit], countAttempt(limits[limit], counter, now));
  return { scope: { limit, of }, name, wait: findWait(limits[limit], counter, now), isLast };
}

/** Of those scopes alone that have a counter. */
export const readStates = (scopes: readonly KeyedScope[], counters: Counters): State[] =>
  scopes.filter(({ name }) => counters.byName.has(name)).map((scope) => readState(scope, counters));

/** In what an attempt counts. One that a lock stops is no guess, so it brings no other lock nearer: what one device wastes is not all devices'. */
export function findCounted(states: readonly State[]): readonly State[] {
  const isLocked = states.some(({ wait }) => wait > 0);
  return states.filter(({ scope, wait }) => wait === 0 && !(isLocked && "lockAfter" in limits[scope.limit]));
}

/** Counts an attempt where it is to be counted, unless one of its scopes says to wait. */
export function count(states: readonly State[], held: Held): void {
  if (longestWait(states) > 0) return;
  for (const { scope, name } of findCounted(states)) {
    change(held, name, (counter) => countAttempt(limits[scope.limit], counter, held.now));
  }
}

/** Takes an attempt back that was counted. */
export function giveBack(scopes: readonly KeyedScope[], held: Held): void {
  for (const { name } of scopes) change(held, name, (counter) => giveBackAttempt(counter, held.now));
}

function change({ byName, changed }: Held, name: string, next: (counter: StoredCounter) => Counter): void {
  const counter = byName.get(name);
  if (!counter) return;
  byName.set(name, { ...next(counter), key: counter.key });
  changed.add(name);
}

export const isFiniteWait = (wait: number) => wait > 0 && Number.isFinite(wait);
const longestWait = (states: readonly State[]) => Math.max(0, ...states.map(({ wait }) => wait).filter(isFiniteWait));

/** @throws AuthError `rate_limited` where one of the scopes says to wait, with the longest of the waits */
export function refuse(states: readonly State[]): void {
  const wait = longestWait(states);
  if (wait === 0) return;
  const retryAfter = Math.ceil(wait);
  throw new AuthError("rate_limited", `Too many attempts: try again in ${describeWait(retryAfter)}`, { retryAfter });
}

function describeWait(seconds: number): string {
  if (seconds < 120) return seconds === 1 ? "a second" : `${seconds} seconds`;
  return `${Math.ceil(seconds / 60)} minutes`;
}
