import { within } from "./callbacks.ts";

/** Milliseconds after which a request that is not answered holds up no other. */
const patience = 10_000;

/**
 * Sends requests with cookies, one after the other: each answer may replace the cookie, and the last one to arrive must be the
 * answer to the last one that was sent.
 */
export function createCookieFetch(fetch: typeof globalThis.fetch): typeof globalThis.fetch {
  let last: Promise<unknown> = Promise.resolve();
  return (input, init) => {
    const answer = last.then(() => fetch(input, { ...init, credentials: "include" }));
    last = within(patience, answer);
    return answer;
  };
}
