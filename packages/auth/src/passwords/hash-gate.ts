import { AuthError } from "../errors.ts";
import { createRecentMedian } from "./recent-median.ts";

export interface HashGateOptions {
  /** How many pieces of work run at once; fewer than libuv's pool has threads, so that signatures are still checked. */
  readonly concurrency: number;
  /** How many more may wait. */
  readonly queueLimit: number;
  /** A stopwatch in milliseconds; for tests. */
  readonly now?: () => number;
}

export interface HashGate {
  /** Throws AuthError `overloaded` when {@link run} would. */
  requireRoom(): void;
  /**
   * Runs `work` when its turn comes, first come first served. Work never enters the gate again: it would wait for itself.
   *
   * @throws AuthError `overloaded`, at once, when too many wait; `retryAfter` is when the queue as it is will be done.
   *   `unavailable` once the gate is closed
   */
  run<T>(work: () => Promise<T>): Promise<T>;
  /** Refuses whoever waits, and whoever comes; work that runs goes on to its end. */
  close(): void;
}

/** Keeps password hashes from taking every thread, and from queueing for longer than anybody waits. */
export function createHashGate({ concurrency, queueLimit, now = () => performance.now() }: HashGateOptions): HashGate {
  const waiting: PromiseWithResolvers<void>[] = [];
  const durations = createRecentMedian();
  let running = 0;
  let isClosed = false;

  function refuse(): never {
    const rounds = (running + waiting.length) / concurrency;
    const retryAfter = Math.max(1, Math.ceil((rounds * (durations.read() ?? 0)) / 1000));
    throw new AuthError("overloaded", "Too many sign-ins at once; try again shortly", { retryAfter });
  }

  function requireRoom(): void {
    if (running >= concurrency && waiting.length >= queueLimit) refuse();
  }

  async function enter(): Promise<void> {
    if (isClosed) throw closed();
    if (running < concurrency) {
      running += 1;
      return;
    }
    requireRoom();
    const turn = Promise.withResolvers<void>();
    waiting.push(turn);
    await turn.promise;
  }

  function leave(): void {
    const next = waiting.shift();
    // The place goes straight to the next in line, so that nobody who comes in between takes it.
    if (next) next.resolve();
    else running -= 1;
  }

  return {
    requireRoom,
    async run(work) {
      await enter();
      const startedAt = now();
      try {
        return await work();
      } finally {
        durations.add(now() - startedAt);
        leave();
      }
    },
    close() {
      isClosed = true;
      for (const turn of waiting.splice(0)) turn.reject(closed());
    },
  };
}

function closed(): AuthError {
  return new AuthError("unavailable", "The service is going down; try again shortly", { retryAfter: 1 });
}
