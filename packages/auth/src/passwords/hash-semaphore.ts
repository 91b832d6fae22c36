import { AuthError } from "../errors.ts";
import { type Watch, watchNothing } from "../watch.ts";
import { createFairQueue } from "./fair-queue.ts";
import { createRecentMedian } from "./rolling-median.ts";

export interface HashSemaphoreOptions {
  /** How many pieces of work run at once; fewer than libuv's pool has threads, so that signatures are still checked. */
  readonly concurrency: number;
  /** How many more may wait. */
  readonly queueLimit: number;
  /** A stopwatch in milliseconds; for tests. */
  readonly now?: () => number;
  /** Told of every wait and every piece of work. */
  readonly watch?: Watch;
}

/** Whom work is for, such as everybody at one address; null for somebody of whom nothing is known. */
export type Crowd = string | null;

/** What goes on in a semaphore, for whoever watches. */
export interface HashLoad {
  readonly running: number;
  readonly waiting: number;
  /** Pieces of work that are done, and the seconds that they took, since the process began. */
  readonly done: number;
  readonly seconds: number;
}

export interface HashSemaphore {
  load(): HashLoad;
  /** Throws AuthError `overloaded` when {@link run} would. */
  assertCapacity(crowd?: Crowd): void;
  /**
   * Runs `work` when its turn comes: of one crowd first come first served, and of several by turns. When too many wait, somebody of the
   * largest crowd gives way to one who comes from a smaller. Work never enters the semaphore again: it would wait for itself.
   *
   * @param kind of a closed list, for whoever watches
   * @throws AuthError `overloaded`, at once or when its place is taken; `retryAfter` is when the queue as it is will be done.
   *   `unavailable` once the semaphore is closed
   */
  run<T>(work: () => Promise<T>, crowd?: Crowd, kind?: string): Promise<T>;
  /** Refuses all work that waits or comes later; work that runs goes on to its end. */
  close(): void;
}

/** Keeps password hashes from taking every thread, and from queueing for longer than anybody waits. */
export function createHashSemaphore({
  concurrency,
  queueLimit,
  now = () => performance.now(),
  watch = watchNothing,
}: HashSemaphoreOptions): HashSemaphore {
  const waiting = createFairQueue<PromiseWithResolvers<void>>();
  const durations = createRecentMedian();
  let running = 0;
  let isClosed = false;
  const past = { done: 0, milliseconds: 0 };

  function overloaded(): AuthError {
    const rounds = (running + waiting.size()) / concurrency;
    const retryAfter = Math.max(1, Math.ceil((rounds * (durations.read() ?? 0)) / 1000));
    return new AuthError("overloaded", "Too many sign-ins at once; try again shortly", { retryAfter });
  }

  const isFull = () => running >= concurrency && waiting.size() >= queueLimit;

  function assertCapacity(crowd: Crowd = null): void {
    if (isFull() && !waiting.mayDisplace(crowd)) throw overloaded();
  }

  async function acquire(crowd: Crowd): Promise<void> {
    if (isClosed) throw closed();
    if (running < concurrency) {
      running += 1;
      return;
    }
    assertCapacity(crowd);
    if (isFull()) waiting.displace()?.reject(overloaded());
    const turn = Promise.withResolvers<void>();
    waiting.add(crowd, turn);
    await watch("hash_wait", {}, () => turn.promise);
  }

  function release(): void {
    const next = waiting.take();
    // The place goes straight to the next in line, so that work which comes in between does not take it.
    if (next) next.resolve();
    else running -= 1;
  }

  return {
    assertCapacity: assertCapacity,
    load: () => ({ running, waiting: waiting.size(), done: past.done, seconds: past.milliseconds / 1_000 }),
    async run(work, crowd = null, kind = "none") {
      await acquire(crowd);
      const startedAt = now();
      try {
        return await watch("hash", { kind }, work);
      } finally {
        const duration = now() - startedAt;
        durations.add(duration);
        past.done += 1;
        past.milliseconds += duration;
        release();
      }
    },
    close() {
      isClosed = true;
      for (let turn = waiting.take(); turn; turn = waiting.take()) turn.reject(closed());
    },
  };
}

function closed(): AuthError {
  return new AuthError("unavailable", "The service is going down; try again shortly", { retryAfter: 1 });
}
