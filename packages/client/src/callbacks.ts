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
