/** Parameters that one statement takes at most; beyond it another is run. */
const mostKeys = 500;

/**
 * Queries that are on their way at once. With one, PostgreSQL rests while the answers of a batch are written, and callers whose number is
 * small rest with it; more would have fewer calls each.
 */
const mostUnderWay = 2;

export interface BatchOptions {
  /** Milliseconds after which a query that has not been answered holds up the next ones no more. */
  readonly longestHold?: number;
}

/**
 * Lets calls that arrive together share one query: all whose requests were read in the same turn of the event loop, from whatever
 * connections, and all that came while two queries were on their way. A query begins after the last of its calls, and nothing is
 * kept from one to the next, so that everybody reads what is true at the time of their call.
 *
 * A query costs this process and PostgreSQL hardly more for ten calls than for one, so that fewer and fuller ones answer more calls.
 * One that is slow, since it waits for a lock or its connection is gone, is not waited for.
 *
 * @param run answers a value, or an Error, for each key, in the order of the keys
 */
export function batchQuery<Key, Value>(
  run: (keys: readonly Key[]) => Promise<readonly (Value | Error)[]>,
  { longestHold = 5 }: BatchOptions = {},
): (key: Key) => Promise<Value> {
  let waiting: Call<Key, Value>[] = [];
  let underWay = 0;

  function beginIfFree(): void {
    if (underWay >= mostUnderWay) return;
    const due = waiting;
    waiting = [];
    for (let at = 0; at < due.length; at += mostKeys) void answer(due.slice(at, at + mostKeys));
  }

  /** Counts a query among those on their way, until it is answered or slow. */
  function hold(): () => void {
    let isHeld = true;
    underWay += 1;
    const end = () => {
      if (!isHeld) return;
      isHeld = false;
      clearTimeout(timer);
      underWay -= 1;
      beginIfFree();
    };
    const timer = setTimeout(end, longestHold);
    return end;
  }

  async function answer(calls: readonly Call<Key, Value>[]): Promise<void> {
    const end = hold();
    try {
      const values = await run(calls.map(({ key }) => key));
      if (values.length !== calls.length)
        throw new RangeError("A query answered another number of values than of keys");
      // The next one begins before the answers of this one are written, so that PostgreSQL works meanwhile.
      end();
      for (const [index, call] of calls.entries()) settle(call, values[index] as Value | Error);
    } catch (error) {
      end();
      for (const { reject } of calls) reject(error);
    }
  }

  return (key) =>
    new Promise((resolve, reject) => {
      // Node reads each connection in a callback of its own: what comes in this turn is known when the turn is over.
      if (waiting.push({ key, resolve, reject }) === 1) setImmediate(beginIfFree);
    });
}

interface Call<Key, Value> {
  readonly key: Key;
  resolve(value: Value): void;
  reject(reason: unknown): void;
}

function settle<Key, Value>({ resolve, reject }: Call<Key, Value>, value: Value | Error): void {
  if (value instanceof Error) reject(value);
  else resolve(value);
}
