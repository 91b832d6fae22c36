/** Works off a queue that is a table. Each process has one; what another one has leased it leaves alone. */
export interface QueueWorker {
  start(): void;
  /** Takes nothing more, and waits for what is under way, for three seconds at most: another process goes on with it. */
  stop(): Promise<void>;
  /** Looks for work now. */
  wake(): void;
  /** Looks for work within a second, however often it is said. */
  wakeSoon(): void;
}

export interface QueueWorkerOptions {
  /** Does what is due now, stops taking more when the signal is aborted, and answers how much that was. */
  readonly drain: (stopping: AbortSignal) => Promise<number>;
  /** Told when the queue could not be read; it is read again at the next turn. */
  readonly onError: (error: unknown) => void;
  /**
   * Milliseconds between two looks for work that nobody said is due: a second while there was some lately, and five where there was none,
   * unless said.
   */
  readonly interval?: number;
  /** Whether the first look comes after that time as well. */
  readonly isLate?: boolean;
}

/** Milliseconds between two looks while something was found within {@link busyTime}: what failed is soon due again. */
const pollInterval = 1_000;

/** And else. What this process queues it is told of; it finds so what others left behind. */
const idleInterval = 5_000;

/** Longer than a message waits before its last try. */
const busyTime = 15_000;

/** Milliseconds that what is under way has when the worker is stopped. */
const stopTimeout = 3_000;

export function createQueueWorker({ drain, onError, interval, isLate = false }: QueueWorkerOptions): QueueWorker {
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<unknown> | undefined;
  let isStarted = false;
  let isWoken = false;
  let isSoon = false;
  let foundAt = Number.NEGATIVE_INFINITY;
  let stopping = new AbortController();

  const isBusy = () => performance.now() - foundAt < busyTime;
  const wait = () => interval ?? (isSoon || isBusy() ? pollInterval : idleInterval);
  const rest = () => {
    clearTimeout(timer);
    timer = setTimeout(turn, wait()).unref();
  };
  const noteFound = (count: number) => {
    if (count > 0) foundAt = performance.now();
  };

  function turn(): void {
    clearTimeout(timer);
    if (!isStarted) return;
    if (running) {
      isWoken = true;
      return;
    }
    isWoken = false;
    isSoon = false;
    running = drain(stopping.signal)
      .then(noteFound, onError)
      .finally(() => {
        running = undefined;
        if (isWoken) turn();
        else if (isStarted) rest();
      });
  }

  return {
    start() {
      isStarted = true;
      stopping = new AbortController();
      if (isLate) rest();
      else turn();
    },
    async stop() {
      isStarted = false;
      clearTimeout(timer);
      const late = setTimeout(() => stopping.abort(new Error("The process ends")), stopTimeout);
      await running;
      clearTimeout(late);
    },
    wake: turn,
    wakeSoon() {
      if (isSoon || !isStarted) return;
      isSoon = true;
      // What runs now looks again by itself.
      if (!running) rest();
    },
  };
}

/** Rejects when a signal is aborted, so that what does not listen to it ends too. */
export function rejectOnAbort(signal: AbortSignal): Promise<never> {
  if (signal.aborted) return Promise.reject(signal.reason);
  return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }));
}
