import DataLoader from "dataloader";

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
  const queue = createQueue(longestHold);
  const loader = new DataLoader<Key, Value>((keys) => queue.holdUntil(run(keys)), {
    cache: false,
    maxBatchSize: mostKeys,
    batchScheduleFn: queue.add,
  });
  return (key) => loader.load(key);
}

interface Queue {
  /** Begins a query when the present turn of the event loop is over, or, while as many as may be are on their way, when one is answered or slow. */
  add(begin: () => void): void;
  /** Counts a query that has begun among those on their way. */
  holdUntil<T>(answer: Promise<T>): Promise<T>;
}

function createQueue(longestHold: number): Queue {
  let waiting: (() => void)[] = [];
  const underWay = new Set<symbol>();

  function beginIfFree(): void {
    if (underWay.size >= mostUnderWay) return;
    const due = waiting;
    waiting = [];
    for (const begin of due) begin();
  }

  return {
    add(begin) {
      // Node reads each connection in a callback of its own: what comes in this turn is known when the turn is over.
      if (waiting.push(begin) === 1) setImmediate(beginIfFree);
    },
    async holdUntil(answer) {
      const own = Symbol("query");
      underWay.add(own);
      // The next one begins before the answers of this one are written, so that PostgreSQL works meanwhile.
      const end = () => {
        if (underWay.delete(own)) beginIfFree();
      };
      const timer = setTimeout(end, longestHold);
      try {
        return await answer;
      } finally {
        clearTimeout(timer);
        end();
      }
    },
  };
}
