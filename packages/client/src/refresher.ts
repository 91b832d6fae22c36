import type { SessionAnswer } from "./api-types.ts";

/** Milliseconds for which an answer is kept for requests that come with the cookie of before. The service's own grace time is longer. */
const kept = 10_000;
/** Milliseconds for which a refresh that failed is not tried again. */
const keptFailure = 1_000;

interface Flight {
  readonly answer: Promise<SessionAnswer>;
  endsAt: number;
}

/** Renews each session once for all requests that come with the same refresh token, side by side or shortly after one another. */
export interface Refresher {
  refresh(refreshToken: string, ask: () => Promise<SessionAnswer>): Promise<SessionAnswer>;
}

export function createRefresher(): Refresher {
  const flights = new Map<string, Flight>();

  let sweptAt = 0;

  function sweep(now: number): void {
    if (now - sweptAt < kept) return;
    sweptAt = now;
    for (const [token, { endsAt }] of flights) if (endsAt <= now) flights.delete(token);
  }

  return {
    refresh(refreshToken, ask) {
      const now = Date.now();
      sweep(now);
      const known = flights.get(refreshToken);
      if (known && known.endsAt > now) return known.answer;
      const flight: Flight = { answer: ask(), endsAt: Number.POSITIVE_INFINITY };
      const end = (after: number) => () => {
        flight.endsAt = Date.now() + after;
      };
      flight.answer.then(end(kept), end(keptFailure));
      flights.set(refreshToken, flight);
      return flight.answer;
    },
  };
}
