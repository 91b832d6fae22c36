import { expect, test } from "vitest";
import { createEventMetrics } from "./event-metrics.ts";

type AuditEvent = Parameters<ReturnType<typeof createEventMetrics>["onAuditEvent"]>[0];

function count(...events: readonly AuditEvent[]) {
  const metrics = createEventMetrics();
  for (const event of events) metrics.onAuditEvent(event);
  return metrics.metrics()[0]?.samples;
}

const sessionId = "01900000-0000-7000-8000-000000000000";

test("an event is counted by its kind and what it says of why", () => {
  const refused = { event: "authorization_code_refused", client: "shop" } as const;
  expect(
    count(
      { ...refused, because: "used_before", sessionId },
      { ...refused, because: "used_before" },
      { ...refused, because: "expired" },
    ),
  ).toEqual([
    { labels: { event: "authorization_code_refused", detail: "used_before" }, value: 2 },
    { labels: { event: "authorization_code_refused", detail: "expired" }, value: 1 },
  ]);
});

test("nothing of who, which app or which fields is a label", () => {
  const all = count(
    { event: "password_changed", sessionsEnded: 3 },
    { event: "user_updated", fields: ["email"] },
    { event: "signed_in", identifier: "none", by: "redirect", client: "shop", sessionId, amr: [], device: "Chrome" },
  );
  expect(JSON.stringify(all)).not.toMatch(/shop|email|Chrome|01900000/);
  expect(all).toContainEqual({ labels: { event: "signed_in", detail: "redirect" }, value: 1 });
});
