/** Pieces of work that are done together at most. */
const mostAtOnce = 500;

/**
 * Works off whatever was added in batches, one at a time: what comes meanwhile makes up the next. However large the crowd, it takes
 * one connection to the database at a time.
 */
export interface Batches<Item> {
  add(...items: readonly Item[]): void;
}

/** @param work never rejects */
export function createBatches<Item>(work: (items: readonly Item[]) => Promise<unknown>): Batches<Item> {
  const waiting: Item[] = [];
  let isRunning = false;

  async function workOff(): Promise<void> {
    // All whose requests were read in the same turn of the event loop share the first batch.
    await new Promise(setImmediate);
    while (waiting.length > 0) await work(waiting.splice(0, mostAtOnce));
    isRunning = false;
  }

  return {
    add(...items) {
      waiting.push(...items);
      if (isRunning || waiting.length === 0) return;
      isRunning = true;
      void workOff();
    },
  };
}
