import type { Clock } from "../clock.ts";
import type { Queries } from "../storage/database.ts";
import {
  type Counters,
  count,
  findCounted,
  giveBack,
  type Held,
  indexCounters,
  isFiniteWait,
  readState,
  readStates,
  refuse,
  type State,
} from "./attempt.ts";
import { createBatches } from "./batches.ts";
import { type Counting, createCountingQueue } from "./counting-queue.ts";
import { type LimitName, limits } from "./limits.ts";
import { rememberRefusals } from "./refusals.ts";
import { type KeyedScope, type Scope, toKeyedScope } from "./scope.ts";
import { lockCounters, lockFreeCounters, putCounters, readCounters, releaseCounters } from "./throttle-store.ts";

export interface Admission {
  /** In what the attempt was counted. */
  readonly counted: readonly Scope[];
  /** Whether one of its limits is closed, and no wait opens it again. */
  readonly isLocked: boolean;
  /** Limits of which this attempt was the last free one. */
  readonly exhausted: readonly LimitName[];
}

/** A limit that holds attempts up. */
export interface ClosedLimit {
  readonly limit: LimitName;
  /** Until when; null where no wait opens it again. */
  readonly until: Date | null;
}

/** Counts attempts in the database, for all processes together and by its clock. */
export interface Throttle {
  /**
   * Counts an attempt in all of its scopes before it is made, or in none, when one of them says to wait; where one is locked, in none of those
   * that lock. Attempts of the same moment share a transaction. One that could not be counted is not let through.
   *
   * @throws AuthError `rate_limited` with the seconds to wait; `overloaded`
   */
  consume(scopes: readonly Scope[]): Promise<Admission>;
  /**
   * Refuses an attempt in one of whose scopes another was told to wait before, if that is still so. All of one moment share a
   * statement, which takes no lock.
   *
   * @throws AuthError `rate_limited`
   */
  refuseWaiting(scopes: readonly Scope[]): Promise<void>;
  /** Takes an attempt back that was counted and then not made. */
  refund(scopes: readonly Scope[]): Promise<void>;
  /** Which of these limits hold attempts up at this moment. It counts nothing and takes no lock. */
  findClosed(scopes: readonly Scope[]): Promise<readonly ClosedLimit[]>;
  /**
   * Says that an attempt succeeded, inside the transaction of what it did, and forgets all attempts in others. Call it last there: it
   * holds the counters until the transaction ends.
   */
  settle(transaction: Queries, scopes: readonly Scope[], forgotten?: readonly Scope[]): Promise<void>;
}

export interface ThrottleOptions {
  readonly db: Queries;
  /** The key of the hashes by which scopes are kept; read at each use. */
  readonly secret: Uint8Array;
  readonly clock: Clock;
}

/** An attempt of which it is only asked whether it would have to wait. */
interface Reading {
  readonly scopes: readonly KeyedScope[];
  readonly read: PromiseWithResolvers<Counters>;
}

/** An attempt to be counted or taken back. */
interface Piece extends Counting {
  readonly scopes: readonly KeyedScope[];
  /** Does it to the counters, which are there. Nothing may be told of it before the transaction has ended. */
  apply(held: Held): void;
}

export function createThrottle(options: ThrottleOptions): Throttle {
  const { db, clock } = options;
  const refusals = rememberRefusals({ clock });
  const queue = createCountingQueue(runBatch);

  const keyed = (scope: Scope) => toKeyedScope(options.secret, scope);
  const keysOf = (scopes: readonly Scope[]) => scopes.map((scope) => keyed(scope).key);

  /** Counts what many asked for in one transaction. */
  function runBatch(pieces: readonly Piece[], { mayWait }: { readonly mayWait: boolean }): Promise<Set<Piece>> {
    const wanted = new Map(pieces.flatMap(({ scopes }) => scopes.map(({ name, key }) => [name, key])));
    return db.transaction().execute(async (transaction) => {
      const lock = mayWait ? lockCounters : lockFreeCounters;
      const held: Held = { ...indexCounters(await lock(transaction, [...wanted.values()])), changed: new Set() };
      const { byName } = held;
      const left = new Set(pieces.filter(({ keys }) => !keys.every((key) => byName.has(key))));
      for (const piece of pieces) if (!left.has(piece)) piece.apply(held);
      const changed = [...held.changed].flatMap((name) => byName.get(name) ?? []);
      if (changed.length > 0) await putCounters(transaction, changed);
      return left;
    });
  }

  const toPiece = (scopes: readonly KeyedScope[], rest: Pick<Piece, "isOwed" | "apply">): Piece => ({
    scopes,
    keys: scopes.map(({ name }) => name),
    ...rest,
  });

  const readings = createBatches(async (waiting: readonly Reading[]) => {
    try {
      const keys = new Map(waiting.flatMap(({ scopes }) => scopes.map(({ name, key }) => [name, key])));
      const counters = indexCounters(await readCounters(db, [...keys.values()]));
      for (const { read } of waiting) read.resolve(counters);
    } catch (error) {
      for (const { read } of waiting) read.reject(error);
    }
  });

  async function refuseKeyed(scopes: readonly KeyedScope[]): Promise<void> {
    if (!refusals.hasAny(scopes.map(({ name }) => name))) return;
    const read = Promise.withResolvers<Counters>();
    readings.add({ scopes, read });
    const counters = await read.promise;
    refuse(readStates(scopes, counters));
  }

  return {
    async consume(scopes) {
      if (scopes.length === 0) return { counted: [], isLocked: false, exhausted: [] };
      const wanted = scopes.map(keyed);
      await refuseKeyed(wanted);
      let states: readonly State[] = [];
      const apply = (held: Held) => {
        states = wanted.map((scope) => readState(scope, held));
        count(states, held);
      };
      await queue.run(toPiece(wanted, { isOwed: false, apply }));
      for (const { name, wait } of states) if (isFiniteWait(wait)) refusals.remember(name, wait);
      refuse(states);
      const counted = findCounted(states);
      return {
        counted: counted.map(({ scope }) => scope),
        isLocked: states.some(({ wait }) => wait > 0),
        exhausted: counted.filter(({ isLast }) => isLast).map(({ scope }) => scope.limit),
      };
    },
    refuseWaiting: (scopes) => refuseKeyed(scopes.map(keyed)),
    async refund(scopes) {
      if (scopes.length === 0) return;
      const counted = scopes.map(keyed);
      await queue.run(toPiece(counted, { isOwed: true, apply: (held) => giveBack(counted, held) }));
    },
    async findClosed(scopes) {
      const wanted = scopes.map(keyed);
      const keys = wanted.map(({ key }) => key);
      const counters = indexCounters(await readCounters(db, keys));
      const closed = readStates(wanted, counters).filter(({ wait }) => wait > 0);
      const endOf = (wait: number) =>
        Number.isFinite(wait) ? new Date(counters.now.getTime() + Math.ceil(wait) * 1_000) : null;
      return closed.map(({ scope: { limit }, wait }) => ({ limit, until: endOf(wait) }));
    },
    async settle(transaction, scopes, forgotten = []) {
      const after = (what: string) => scopes.filter(({ limit }) => limits[limit].onSuccess === what);
      await releaseCounters(transaction, {
        reset: keysOf([...after("forget"), ...forgotten]),
        giveBack: keysOf(after("give_back")),
      });
    },
  };
}
