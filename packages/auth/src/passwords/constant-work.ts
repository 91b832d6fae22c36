import { verifyDummyHash } from "./bcrypt.ts";
import { createRecentMedian } from "./rolling-median.ts";

const lowestCost = 4;

/** Hashes of ours that a refusal may take in place of one; dearer imported ones can be told from the rest. */
const mostHashes = 4;

export interface ConstantWork {
  /** Runs `work`, which is one bcrypt at the current cost, and remembers how long it took. */
  measure<T>(work: () => Promise<T>): Promise<T>;
  /** What work that took so many milliseconds is, counted in hashes of the current cost. */
  toHashes(milliseconds: number): number;
  /** Says what the most expensive stored hash is, counted in hashes of the current cost. */
  setTargetWork(hashes: number): void;
  /** Does what is left of a refusal after so many hashes' worth of other work. */
  doRemainingWork(password: string, done: number): Promise<void>;
}

/** Makes a refusal cost the same whatever is stored, or nothing: what a check against the most expensive stored hash does, or one of ours. */
export function createConstantWork(cost: number): ConstantWork {
  const durations = createRecentMedian();
  let whole = 1;

  async function measure<T>(work: () => Promise<T>): Promise<T> {
    const startedAt = performance.now();
    const result = await work();
    durations.add(performance.now() - startedAt);
    return result;
  }

  return {
    measure,
    toHashes(milliseconds) {
      const full = durations.read();
      return full === undefined ? 0 : milliseconds / full;
    },
    setTargetWork(hashes) {
      whole = Math.min(mostHashes, Math.max(1, hashes));
    },
    async doRemainingWork(password, done) {
      for (const part of splitWork(cost, whole - done)) {
        const work = () => verifyDummyHash(password, part);
        await (part === cost ? measure(work) : work());
      }
    },
  };
}

/**
 * The bcrypt costs, high to low, that together are so many times the work of one at `cost`; each step of the cost is twice the work,
 * so that they are whole ones and the binary digits of the rest. Exact to one hash of cost 4.
 */
export function splitWork(cost: number, hashes: number): number[] {
  const steps = cost - lowestCost;
  const units = Math.round(Math.max(0, hashes) * 2 ** steps);
  const whole = Array.from({ length: units >> steps }, () => cost);
  const smaller = Array.from({ length: steps }, (_, step) => cost - 1 - step);
  return [...whole, ...smaller.filter((part) => (units & (1 << (part - lowestCost))) !== 0)];
}
