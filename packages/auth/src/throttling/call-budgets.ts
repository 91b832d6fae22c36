import type { Clock } from "../clock.ts";
import { AuthError } from "../errors.ts";

/** What calls are paid from: one's own account, or other people's. */
export type CallBudget = "own" | "administration";

/** What may be spent within a minute, and at once at most; 0 is no limit. */
export type CallBudgets = Readonly<Record<CallBudget, number>>;

/**
 * How much the calls of one signed-in person may cost. It is counted in the memory of each process: a call takes no lock and no query, and
 * what several processes let through together is bounded by their number.
 */
export interface CallLimiter {
  /** @throws AuthError `rate_limited` with the seconds until it can be paid */
  spend(userId: string, budget: CallBudget, cost: number): void;
}

/** People of whom a process knows at the same time what they have spent. */
const mostPeople = 20_000;

interface Spent {
  /** What has been spent and not come back. */
  amount: number;
  /** As of this time, in milliseconds. */
  at: number;
}

export function createCallLimiter(budgets: CallBudgets, { clock }: { readonly clock: Clock }): CallLimiter {
  const people: Readonly<Record<CallBudget, Map<string, Spent>>> = { own: new Map(), administration: new Map() };

  return {
    spend(userId, budget, cost) {
      const perMinute = budgets[budget];
      if (perMinute === 0 || cost === 0) return;
      const now = clock.now().getTime();
      const known = people[budget];
      const before = known.get(userId);
      const amount = before ? Math.max(0, before.amount - ((now - before.at) / 60_000) * perMinute) : 0;
      // What costs more than a minute's worth can be paid from a whole one.
      const after = amount + Math.min(cost, perMinute);
      if (after > perMinute) throw tooMany(((after - perMinute) / perMinute) * 60);
      // The first in the map is who has spent nothing for longest.
      known.delete(userId);
      known.set(userId, { amount: after, at: now });
      const [oldest] = known.keys();
      if (known.size > mostPeople && oldest !== undefined) known.delete(oldest);
    },
  };
}

function tooMany(wait: number): AuthError {
  const retryAfter = Math.max(1, Math.ceil(wait));
  const seconds = retryAfter === 1 ? "a second" : `${retryAfter} seconds`;
  return new AuthError("rate_limited", `Too many calls: try again in ${seconds}`, { retryAfter });
}
