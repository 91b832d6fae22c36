import type { SessionChange } from "@latchkey/auth";
import { expect, test } from "vitest";
import { createSessionMetrics } from "./session-metrics.ts";

function count(...changes: readonly SessionChange[]) {
  const metrics = createSessionMetrics();
  for (const change of changes) metrics.onSessionChange(change);
  return Object.fromEntries(metrics.metrics().map(({ name, samples }) => [name, samples]));
}

test("sessions are counted as they are opened, refreshed and ended, and a token that was used before as a refresh and as an end", () => {
  expect(
    count(
      { change: "opened", by: "password" },
      { change: "opened", by: "passkey" },
      { change: "opened", by: "password" },
      { change: "refreshed", how: "rotated" },
      { change: "refreshed", how: "repeated" },
      { change: "refreshed", how: "repeated" },
      { change: "refreshed", how: "answered_again" },
      { change: "ended", because: "revoked", count: 3 },
      { change: "ended", because: "refresh_token_reused", count: 1 },
    ),
  ).toEqual({
    latchkey_sessions_opened_total: [
      { labels: { method: "password" }, value: 2 },
      { labels: { method: "passkey" }, value: 1 },
    ],
    latchkey_sessions_ended_total: [
      { labels: { reason: "revoked" }, value: 3 },
      { labels: { reason: "refresh_token_reused" }, value: 1 },
    ],
    latchkey_refreshes_total: [
      { labels: { outcome: "rotated" }, value: 1 },
      { labels: { outcome: "repeated" }, value: 2 },
      { labels: { outcome: "answered_again" }, value: 1 },
      { labels: { outcome: "reused" }, value: 1 },
    ],
  });
});

test("an alert sees the first of each kind of refresh", () => {
  expect(count().latchkey_refreshes_total?.map(({ value }) => value)).toEqual([0, 0, 0, 0]);
});
