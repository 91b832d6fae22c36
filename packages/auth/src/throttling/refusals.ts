import { LRUCache } from "lru-cache";
import type { Clock } from "../clock.ts";

/** Which counters the database has refused of late. It decides nothing: it says where looking is likely to be enough. */
export interface Refusals {
  /** Whether one of these keys was told to wait for longer than has passed since. */
  hasAny(keys: readonly string[]): boolean;
  /** @param wait in seconds */
  remember(key: string, wait: number): void;
}

/** Remembers refusals until their waits are over, at most so many. */
export function rememberRefusals({ clock, capacity = 10_000 }: { clock: Clock; capacity?: number }): Refusals {
  const endings = new LRUCache<string, number>({ max: capacity });
  const now = () => clock.now().getTime();

  function isWaiting(key: string): boolean {
    const endsAt = endings.get(key);
    if (endsAt !== undefined && endsAt <= now()) endings.delete(key);
    return endsAt !== undefined && endsAt > now();
  }

  return {
    hasAny: (keys) => keys.some(isWaiting),
    remember: (key, wait) => void endings.set(key, now() + wait * 1000),
  };
}
