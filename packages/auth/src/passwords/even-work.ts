import { checkDecoy } from "./bcrypt.ts";
import { createRecentMedian } from "./recent-median.ts";

const lowestCost = 4;

export interface EvenWork {
  /** Runs `work`, which is one bcrypt at the current cost, and remembers how long it took. */
  measure<T>(work: () => Promise<T>): Promise<T>;
  /** Does the part of one bcrypt at the current cost that is left after `spent` milliseconds of other work. */
  spendRest(password: string, spent: number): Promise<void>;
}

/** Makes a check against anything, or against nothing, cost what a check against a hash of the current cost does. */
export function createEvenWork(cost: number): EvenWork {
  const durations = createRecentMedian();

  async function measure<T>(work: () => Promise<T>): Promise<T> {
    const startedAt = performance.now();
    const result = await work();
    durations.add(performance.now() - startedAt);
    return result;
  }

  return {
    measure,
    async spendRest(password, spent) {
      const full = durations.read();
      const share = spent === 0 || full === undefined ? 1 : 1 - spent / full;
      for (const part of splitWork(cost, share)) {
        const work = () => checkDecoy(password, part);
        await (part === cost ? measure(work) : work());
      }
    },
  };
}

/**
 * The bcrypt costs, high to low, that together are `share` of the work of one at `cost`; each step of the cost is twice the
 * work, so that they are the binary digits of the share. Exact to one hash of cost 4.
 */
export function splitWork(cost: number, share: number): number[] {
  const units = Math.round(Math.min(1, Math.max(0, share)) * 2 ** (cost - lowestCost));
  const costs = Array.from({ length: cost - lowestCost + 1 }, (_, step) => cost - step);
  return costs.filter((part) => (units & (1 << (part - lowestCost))) !== 0);
}
