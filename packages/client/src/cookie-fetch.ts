import { settle, within } from "./callbacks.ts";

/** Milliseconds after which a request that is not answered holds up no other. */
const timeLimit = 10_000;

/**
 * Sends requests with cookies, one after the other: each answer may replace the cookie, and the last one to arrive must be the
 * answer to the last one that was sent. So do all tabs of an origin, where the browser has locks (https://w3c.github.io/web-locks/).
 *
 * @param place what the cookie is sent to: one lock for each
 */
export function createCookieFetch(fetch: typeof globalThis.fetch, place: string): typeof globalThis.fetch {
  let last: Promise<unknown> = Promise.resolve();
  return (input, init) =>
    new Promise((resolve) => {
      let answer: Promise<Response> | undefined;
      const send = () => {
        answer ??= settle(() => fetch(input, { ...init, credentials: "include" }));
        resolve(answer);
        return within(timeLimit, answer);
      };
      const takeTurn = () => navigator.locks.request(place, { signal: AbortSignal.timeout(timeLimit) }, send);
      // Without locks, or behind a tab that does not let go of it.
      last = last.then(() => settle(takeTurn).catch(send));
    });
}
