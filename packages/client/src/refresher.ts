import type { TokenResponse } from "./api-types.ts";

/** Milliseconds for which an answer is kept for requests that come with the cookie of before. The service's own grace time is longer. */
const kept = 10_000;
/** Milliseconds for which a refresh that failed is not tried again. */
const keptFailure = 1_000;

/** Milliseconds for which it is known of a token that another has taken its place: what is rendered for longer is rare. */
const keptReplaced = 60_000;

interface Flight {
  readonly answer: Promise<TokenResponse>;
  /** The refresh token of the answer, once it is there. */
  next?: string;
  endsAt: number;
}

/** Renews each session once for all requests that come with the same refresh token, side by side or shortly after one another. */
export interface Refresher {
  refresh(refreshToken: string, ask: () => Promise<TokenResponse>): Promise<TokenResponse>;
  /** Notes that a call has answered another token in the place of this one, and of what that was renewed to. */
  noteReplaced(refreshToken: string, another: string): void;
  /** Whether another has taken its place shortly ago. Which one is not told: whoever asks may have stolen it. */
  isReplaced(refreshToken: string): boolean;
}

export function createRefresher(): Refresher {
  const flights = new Map<string, Flight>();
  const replaced = new Map<string, { readonly endsAt: number }>();
  let sweptAt = 0;

  function sweep(now: number): void {
    if (now - sweptAt < kept) return;
    sweptAt = now;
    for (const known of [flights, replaced])
      for (const [token, { endsAt }] of known) if (endsAt <= now) known.delete(token);
  }

  return {
    refresh(refreshToken, ask) {
      const now = Date.now();
      sweep(now);
      const known = flights.get(refreshToken);
      if (known && known.endsAt > now) return known.answer;
      const flight: Flight = { answer: ask(), endsAt: Number.POSITIVE_INFINITY };
      const end = (after: number) => {
        flight.endsAt = Date.now() + after;
      };
      flight.answer.then(
        ({ refreshToken: next }) => {
          flight.next = next;
          end(kept);
        },
        () => end(keptFailure),
      );
      flights.set(refreshToken, flight);
      return flight.answer;
    },
    noteReplaced(refreshToken, another) {
      const now = Date.now();
      sweep(now);
      for (let token: string | undefined = refreshToken; token && token !== another; token = flights.get(token)?.next)
        replaced.set(token, { endsAt: now + keptReplaced });
    },
    isReplaced: (refreshToken) => (replaced.get(refreshToken)?.endsAt ?? 0) > Date.now(),
  };
}
