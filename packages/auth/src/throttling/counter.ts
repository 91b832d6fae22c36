import type { Limit } from "./limits.ts";

/** What is known of earlier attempts. */
export interface Counter {
  readonly count: number;
  /** Before this the next attempt is held up. */
  readonly availableAt: Date;
  /** From this on nothing is known any more; null: never. */
  readonly forgottenAt: Date | null;
}

/** Seconds until another attempt is let through: 0 at once, Infinity never. */
export function findWait(limit: Limit, counter: Counter, now: Date): number {
  if (isForgotten(counter, now)) return 0;
  if (limit.lockAfter !== undefined && counter.count >= limit.lockAfter) return Number.POSITIVE_INFINITY;
  // Transactions at the same moment have each their own time: below the limit it must not count, and beyond it not lengthen a wait.
  if (counter.count < limit.allowed) return 0;
  return Math.min(limit.longestWait, Math.max(0, secondsBetween(now, counter.availableAt)));
}

/** The counter after one attempt more. */
export function countAttempt(limit: Limit, counter: Counter, now: Date): Counter {
  const count = isForgotten(counter, now) ? 1 : counter.count + 1;
  const beyond = count - limit.allowed;
  const wait = beyond < 0 ? 0 : Math.min(limit.longestWait, limit.firstDelay * 2 ** beyond);
  return {
    count,
    availableAt: secondsAfter(now, wait),
    forgottenAt: limit.resetAfter === null ? null : secondsAfter(now, limit.resetAfter),
  };
}

/** The counter when an attempt was not made after all: the next one may be made at once. */
export function giveBackAttempt({ count, forgottenAt }: Counter, now: Date): Counter {
  return { count: Math.max(0, count - 1), availableAt: now, forgottenAt };
}

/** Whether this attempt was the last one that the limit let through without more ado. */
export function isExhausted(limit: Limit, { count }: Counter): boolean {
  return count === (limit.lockAfter ?? limit.allowed);
}

const isForgotten = ({ forgottenAt }: Counter, now: Date) => forgottenAt !== null && forgottenAt <= now;
const secondsBetween = (from: Date, to: Date) => (to.getTime() - from.getTime()) / 1000;
const secondsAfter = (date: Date, seconds: number) => new Date(date.getTime() + seconds * 1000);
