import DataLoader from "dataloader";

/** Parameters that one statement takes at most; beyond it another is run. */
const mostKeys = 500;

/**
 * Lets calls that arrive together share one query: all whose requests were read in the same turn of the event loop, from whatever
 * connections. The query begins after the last of them, and nothing is kept from one to the next, so that everybody reads what
 * is true at the time of their call.
 *
 * @param run answers a value, or an Error, for each key, in the order of the keys
 */
export function batchQuery<Key, Value>(
  run: (keys: readonly Key[]) => Promise<readonly (Value | Error)[]>,
): (key: Key) => Promise<Value> {
  const loader = new DataLoader<Key, Value>(run, {
    cache: false,
    maxBatchSize: mostKeys,
    // Left to itself it runs as soon as the present callback is done, and Node reads each connection in a callback of its own.
    batchScheduleFn: (dispatch) => void setImmediate(dispatch),
  });
  return (key) => loader.load(key);
}
