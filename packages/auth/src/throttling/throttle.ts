import { AuthError } from "../errors.ts";
import { hmacSha256 } from "../secrets.ts";
import type { Queries } from "../storage/database.ts";
import { type Counter, countAttempt, findWait, isUsedUp } from "./counter.ts";
import { type LimitName, limits } from "./limits.ts";
import { type LockedCounters, lockCounters, putCounters, releaseCounters } from "./throttle-store.ts";

/** What an attempt counts against: a limit, and for whom. */
export interface Scope {
  readonly limit: LimitName;
  /** Such as a name and a network. */
  readonly of: readonly string[];
}

export interface Admission {
  /** In what the attempt was counted. */
  readonly counted: readonly Scope[];
  /** Whether one of its limits is closed, and no wait opens it again. */
  readonly isClosed: boolean;
  /** Limits of which this attempt was the last free one. */
  readonly usedUp: readonly LimitName[];
}

/** Counts attempts in the database, for all processes together and by its clock. */
export interface Throttle {
  /**
   * Counts an attempt in all of its scopes before it is made, in one transaction; or in none, when one of them says to wait. When the
   * database is away nobody is let through.
   *
   * @throws AuthError `rate_limited` with the seconds to wait
   */
  admit(scopes: readonly Scope[]): Promise<Admission>;
  /** Takes an attempt back that was counted and then not made. */
  withdraw(scopes: readonly Scope[]): Promise<void>;
  /** Says that an attempt succeeded, inside the transaction of what it did. */
  succeed(transaction: Queries, scopes: readonly Scope[]): Promise<void>;
  /** Forgets all attempts, inside the caller's transaction. */
  forget(transaction: Queries, scopes: readonly Scope[]): Promise<void>;
}

/** @param secret the key of the hashes by which scopes are kept */
export function createThrottle(db: Queries, secret: Uint8Array): Throttle {
  const keyOf = ({ limit, of }: Scope) => hmacSha256(secret, JSON.stringify([groupOf(limit), ...of]));

  return {
    async admit(scopes) {
      const keyed = scopes.map((scope) => ({ ...scope, key: keyOf(scope) }));
      return db.transaction().execute(async (transaction) => {
        const locked = await lockCounters(
          transaction,
          keyed.map(({ key }) => key),
        );
        const states = keyed.map((scope) => readState(scope, locked));
        refuseWaiting(states);
        const open = states.filter(({ wait }) => wait === 0);
        if (open.length > 0)
          await putCounters(
            transaction,
            open.map(({ key, next }) => ({ key, ...next })),
          );
        return {
          counted: open,
          isClosed: open.length < states.length,
          usedUp: open.filter(isLast).map(({ limit }) => limit),
        };
      });
    },
    withdraw: (scopes) => releaseCounters(db, { forget: [], giveBack: scopes.map(keyOf) }),
    async succeed(transaction, scopes) {
      const keysOf = (wanted: string) => scopes.filter(({ limit }) => limits[limit].onSuccess === wanted).map(keyOf);
      await releaseCounters(transaction, { forget: keysOf("forget"), giveBack: keysOf("give_back") });
    },
    forget: (transaction, scopes) => releaseCounters(transaction, { forget: scopes.map(keyOf), giveBack: [] }),
  };
}

/** One count of an account, to which strangers and known devices are held differently. */
function groupOf(limit: LimitName): string {
  return limit === "account_known_devices" ? "account_strangers" : limit;
}

interface State extends Scope {
  readonly key: Buffer;
  readonly wait: number;
  /** The counter when the attempt is let through. */
  readonly next: Counter;
}

function readState(scope: Scope & { key: Buffer }, { counters, now }: LockedCounters): State {
  const limit = limits[scope.limit];
  const counter = counters.find(({ key }) => key.equals(scope.key));
  if (!counter) throw new Error("A counter that was locked is not there");
  return { ...scope, wait: findWait(limit, counter, now), next: countAttempt(limit, counter, now) };
}

const isLast = ({ limit, next }: State) => isUsedUp(limits[limit], next);

function refuseWaiting(states: readonly State[]): void {
  const wait = Math.max(0, ...states.map((state) => state.wait).filter(Number.isFinite));
  if (wait === 0) return;
  const retryAfter = Math.ceil(wait);
  throw new AuthError("rate_limited", `Too many attempts: try again in ${describeWait(retryAfter)}`, { retryAfter });
}

function describeWait(seconds: number): string {
  if (seconds < 120) return seconds === 1 ? "a second" : `${seconds} seconds`;
  return `${Math.ceil(seconds / 60)} minutes`;
}
