import { AuthError } from "../errors.ts";

export interface LanesOptions {
  /** Pieces of work of one crowd at the same time. */
  readonly atOnce: number;
  /** How many more of it may wait for their turn. */
  readonly mayWait: number;
  /** Whether those who wait would fail for the same, such as a database that is away: they are told at once. */
  readonly concernsAll?: (error: unknown) => boolean;
}

/** Milliseconds for which one waits for a turn. */
const longestWait = 5_000;

/** Runs work for crowds, such as everybody at one address, so that each waits for itself alone. */
export interface Lanes {
  /**
   * Runs `work` when its crowd has room for it, first come first served; at once without a crowd.
   *
   * @throws AuthError `rate_limited` when too many of the crowd wait, or this one for too long; and what concerns all who wait
   */
  run<T>(crowd: string | null, work: () => Promise<T>): Promise<T>;
}

interface Lane {
  running: number;
  /** In the order in which they came. */
  readonly waiting: Set<PromiseWithResolvers<void>>;
}

export function createLanes({ atOnce, mayWait, concernsAll = () => false }: LanesOptions): Lanes {
  const lanes = new Map<string, Lane>();

  async function enter(crowd: string): Promise<Lane> {
    const lane = lanes.get(crowd) ?? { running: 0, waiting: new Set() };
    lanes.set(crowd, lane);
    if (lane.running < atOnce) {
      lane.running += 1;
      return lane;
    }
    if (lane.waiting.size >= mayWait) throw tooManyAtOnce();
    await takeTurn(lane);
    return lane;
  }

  async function takeTurn({ waiting }: Lane): Promise<void> {
    const turn = Promise.withResolvers<void>();
    waiting.add(turn);
    const timer = setTimeout(() => {
      waiting.delete(turn);
      turn.reject(tooManyAtOnce());
    }, longestWait);
    await turn.promise.finally(() => clearTimeout(timer));
  }

  function leave(crowd: string, lane: Lane): void {
    const [next] = lane.waiting;
    // The place goes straight to the next in line, so that nobody who comes in between takes it.
    if (next) {
      lane.waiting.delete(next);
      next.resolve();
    } else lane.running -= 1;
    if (lane.running === 0) lanes.delete(crowd);
  }

  function refuseWaiting({ waiting }: Lane, error: unknown): void {
    for (const turn of waiting) turn.reject(error);
    waiting.clear();
  }

  return {
    async run(crowd, work) {
      if (crowd === null) return work();
      const lane = await enter(crowd);
      try {
        return await work();
      } catch (error) {
        if (concernsAll(error)) refuseWaiting(lane, error);
        throw error;
      } finally {
        leave(crowd, lane);
      }
    },
  };
}

/** Lanes in which those who come for the same thing at the same time wait for one piece of work, and for what became of it. */
export interface SharedLanes {
  /** @throws AuthError `rate_limited` as {@link Lanes.run} does, and whatever the work throws */
  run(what: string, crowd: string | null, work: () => Promise<void>): Promise<void>;
}

export function createSharedLanes(options: LanesOptions): SharedLanes {
  const lanes = createLanes(options);
  const running = new Map<string, Promise<void>>();
  return {
    run(what, crowd, work) {
      const done = running.get(what) ?? lanes.run(crowd, work).finally(() => running.delete(what));
      running.set(what, done);
      return done;
    },
  };
}

/** What a crowd is told whose members do not even fit into the line. */
export function tooManyAtOnce(): AuthError {
  return new AuthError("rate_limited", "Too many attempts at once: try again in a second", { retryAfter: 1 });
}
