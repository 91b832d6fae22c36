/** Refusals that are delayed at once; more are answered without delay, since each keeps its request in memory. */
const mostDelayed = 2_000;

/** Answers refusals a little later, so that a client that asks again at once cannot ask often. */
export interface RefusalDelay {
  /**
   * Resolves after the delay. Calls of one request, which have one signal, are delayed together. It ends early when the client is gone, and
   * there is none while too many are delayed or after `end`.
   */
  wait(signal?: AbortSignal): Promise<void>;
  /** Ends every delay, for good. */
  end(): void;
}

/** Makes a delay of so many milliseconds; 0 is none. It is a timer: neither a connection to the database nor a lock is held. */
export function createRefusalDelay(milliseconds: number): RefusalDelay {
  const ends = new Set<() => void>();
  const bySignal = new WeakMap<AbortSignal, Promise<void>>();
  let isEnded = milliseconds === 0;

  function begin(signal: AbortSignal | undefined): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const end = () => {
      clearTimeout(timer);
      ends.delete(end);
      signal?.removeEventListener("abort", end);
      if (signal) bySignal.delete(signal);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    ends.add(end);
    signal?.addEventListener("abort", end);
    if (signal) bySignal.set(signal, promise);
    return promise;
  }

  return {
    async wait(signal) {
      const begun = signal && bySignal.get(signal);
      if (begun) return begun;
      if (isEnded || signal?.aborted || ends.size >= mostDelayed) return;
      await begin(signal);
    },
    end() {
      isEnded = true;
      for (const end of ends) end();
    },
  };
}
