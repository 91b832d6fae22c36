/** Milliseconds for which a scrape waits for the database: the process's own figures are wanted most while it hangs. */
const longestWait = 500;

/** Milliseconds after a failure in which nobody asks again. */
const restAfterFailure = 5_000;

/** What was read last, or that it failed. */
type Outcome<T> = { readonly at: number; readonly rest: number } & ({ readonly value: T } | { readonly failed: true });

/**
 * Uses what was read again for so many milliseconds. All who ask meanwhile share one read, and none waits long for it: it goes on, and its
 * answer is there for the next. Undefined while there is none, or the last read failed.
 *
 * @param freshness also the milliseconds after a read that took too long: the next would too
 */
export function keepRead<T>(read: () => Promise<T>, freshness: number): () => Promise<T | undefined> {
  let last: Outcome<T> | undefined;
  let reading: Promise<void> | undefined;

  const begin = () =>
    read()
      .then(
        (value) => ({ at: performance.now(), rest: freshness, value }),
        (error: unknown) => ({
          at: performance.now(),
          rest: hasTakenTooLong(error) ? freshness : restAfterFailure,
          failed: true as const,
        }),
      )
      .then((outcome) => {
        last = outcome;
        reading = undefined;
      });

  return async () => {
    if (!last || performance.now() - last.at > last.rest) {
      reading ??= begin();
      await atMost(longestWait, reading);
    }
    return last && "value" in last && performance.now() - last.at <= 2 * freshness ? last.value : undefined;
  };
}

/** PostgreSQL gave the statement up. */
const hasTakenTooLong = (error: unknown) => error instanceof Error && "code" in error && error.code === "57014";

function atMost(milliseconds: number, work: Promise<void>): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds).unref();
    void work.then(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
