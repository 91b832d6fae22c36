/**
 * Calls code of the program that uses the SDK. What it throws, now or later, is reported as an uncaught error is, and changes
 * nothing of what the SDK does next.
 */
export function callSafely<Args extends readonly unknown[]>(callback: (...args: Args) => unknown, ...args: Args): void {
  settle(() => callback(...args)).catch(report);
}

/** Runs a step that may throw, answer or promise, as one promise. */
export async function settle<T>(step: () => T | PromiseLike<T>): Promise<T> {
  return step();
}

function report(error: unknown): void {
  const { reportError } = globalThis as { reportError?: (error: unknown) => void };
  if (reportError) reportError(error);
  else console.error(error);
}

/** Waits; a program of Node that has nothing else to do may end meanwhile. */
export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    const timer: unknown = setTimeout(resolve, milliseconds);
    (timer as { unref?: () => void }).unref?.();
  });
}

/** After these many tries, about ten minutes, what goes wrong on the side is given up. */
export const mostTries = 14;

/** Waits before something is tried again on the side: 1, 2, 4 seconds up to a minute. */
export const pauseAfter = (tries: number): Promise<void> => pause(Math.min(2 ** (tries - 1), 60) * 1000);

/** Asks the service, and gives up on it when it has said nothing for so many milliseconds. */
export function limit<T>(ask: (given: { signal: AbortSignal }) => Promise<T>, milliseconds = 15_000): Promise<T> {
  return new Promise((resolve, reject) => {
    const aborter = new AbortController();
    const timer = setTimeout(() => {
      reject(new Error("The service does not answer"));
      aborter.abort();
    }, milliseconds);
    ask(aborter)
      .finally(() => clearTimeout(timer))
      .then(resolve, reject);
  });
}

/** What a promise comes to; undefined when it is rejected or takes longer than so many milliseconds. */
export function within<T>(milliseconds: number, work: Promise<T>): Promise<T | undefined> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds, undefined);
    const finish = (result?: T) => {
      clearTimeout(timer);
      resolve(result);
    };
    work.then(finish, () => finish());
  });
}
