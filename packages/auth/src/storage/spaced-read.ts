import { setTimeout as sleep } from "node:timers/promises";

/**
 * Reads something because of what was not known, such as the id of a key. Those who ask wait together, so that however many made-up ids
 * come, they cost next to nothing.
 *
 * @param interval milliseconds between two reads at least
 */
export function createSpacedRead(read: () => Promise<unknown>, interval: number): () => Promise<void> {
  let reading: Promise<void> | undefined;
  let readAt = Number.NEGATIVE_INFINITY;
  return () => {
    reading ??= sleep(Math.max(0, readAt + interval - performance.now()))
      .then(read)
      .then(() => undefined)
      .finally(() => {
        readAt = performance.now();
        reading = undefined;
      });
    return reading;
  };
}
