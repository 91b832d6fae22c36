/** Milliseconds for which it is remembered that something was used up. */
const memory = 60_000;

/** More would be a crowd of whom each is refused once. */
const mostKeys = 10_000;

/**
 * What this process has lately refused an ask by. Whoever comes again for it is refused by a read, which takes no lock; for everybody else the
 * ask is counted first and looked at once, so that a verdict costs two statements and not three.
 */
export interface UsedUp {
  add(keys: readonly string[]): void;
  hasAny(keys: readonly string[]): boolean;
}

/** @param now milliseconds of a clock that never goes back */
export function createUsedUp(now: () => number = () => performance.now()): UsedUp {
  const since = new Map<string, number>();
  return {
    add(keys) {
      if (since.size + keys.length > mostKeys) since.clear();
      for (const key of keys) since.set(key, now());
    },
    hasAny: (keys) => keys.some((key) => now() - (since.get(key) ?? Number.NEGATIVE_INFINITY) < memory),
  };
}
