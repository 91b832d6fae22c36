import type { AuthOptions, SessionChange } from "@latchkey/auth";
import { createCounter, type Metric } from "./exposition.ts";

/** What is counted of the sessions that this process opens, refreshes and ends. */
export interface SessionMetrics {
  readonly onSessionChange: NonNullable<AuthOptions["onSessionChange"]>;
  readonly metrics: () => readonly Metric[];
}

/** How a refresh token can fare that was good; `reused` is one that ended its session. */
const outcomes = ["rotated", "repeated", "answered_again", "reused"] as const;

export function createSessionMetrics(): SessionMetrics {
  const opened = createCounter();
  const ended = createCounter();
  const refreshes = createCounter();
  // Told from the start, so that the first one is an increase.
  for (const outcome of outcomes) refreshes.add({ outcome }, 0);

  function onSessionChange(change: SessionChange): void {
    if (change.change === "opened") opened.add({ method: change.by });
    if (change.change === "refreshed") refreshes.add({ outcome: change.how });
    if (change.change !== "ended") return;
    ended.add({ reason: change.because }, change.count);
    if (change.because === "refresh_token_reused") refreshes.add({ outcome: "reused" }, change.count);
  }

  return {
    onSessionChange,
    metrics: () => [
      {
        name: "latchkey_sessions_opened_total",
        help: "Sessions that were opened, by what was shown.",
        type: "counter",
        samples: opened.samples(),
      },
      {
        name: "latchkey_sessions_ended_total",
        help: "Sessions that ended, by why.",
        type: "counter",
        samples: ended.samples(),
      },
      {
        name: "latchkey_refreshes_total",
        help: "Refresh tokens of live sessions that were shown, by what came of them.",
        type: "counter",
        samples: refreshes.samples(),
      },
    ],
  };
}
