/** Works off a queue that is a table. Each process has one; what another one has leased it leaves alone. */
export interface QueueWorker {
  start(): void;
  /** Takes nothing more, and waits for what is under way, for three seconds at most: another process goes on with it. */
  stop(): Promise<void>;
  /** Looks for work now. */
  wake(): void;
}

export interface QueueWorkerOptions {
  /** Does what is due now, and stops taking more when the signal is aborted. */
  readonly drain: (stopping: AbortSignal) => Promise<unknown>;
  /** Told when the queue could not be read; it is read again at the next turn. */
  readonly onError: (error: unknown) => void;
  /** Milliseconds between two looks for work that nobody said is due; a second unless said. */
  readonly interval?: number;
  /** Whether the first look comes after that time as well. */
  readonly isLate?: boolean;
}

const pollInterval = 1_000;

/** Milliseconds that what is under way has when the worker is stopped. */
const stopTimeout = 3_000;

export function createQueueWorker({
  drain,
  onError,
  interval = pollInterval,
  isLate = false,
}: QueueWorkerOptions): QueueWorker {
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<unknown> | undefined;
  let isStarted = false;
  let isWoken = false;
  let stopping = new AbortController();

  function turn(): void {
    clearTimeout(timer);
    if (!isStarted) return;
    if (running) {
      isWoken = true;
      return;
    }
    isWoken = false;
    running = drain(stopping.signal)
      .catch(onError)
      .finally(() => {
        running = undefined;
        if (isWoken) turn();
        else if (isStarted) timer = setTimeout(turn, interval).unref();
      });
  }

  return {
    start() {
      isStarted = true;
      stopping = new AbortController();
      if (isLate) timer = setTimeout(turn, interval).unref();
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
  };
}

/** Rejects when a signal is aborted, so that what does not listen to it ends too. */
export function rejectOnAbort(signal: AbortSignal): Promise<never> {
  if (signal.aborted) return Promise.reject(signal.reason);
  return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }));
}
