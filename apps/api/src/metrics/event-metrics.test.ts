import { expect, test } from "vitest";
import { createEventMetrics } from "./event-metrics.ts";

type AuditEvent = Parameters<ReturnType<typeof createEventMetrics>["onAuditEvent"]>[0];

function count(...events: readonly AuditEvent[]) {
  const metrics = createEventMetrics();
  for (const event of events) metrics.onAuditEvent(event);
  const [all, ended] = metrics.metrics();
  return { all: all?.samples, ended: ended?.samples };
}

const sessionId = "01900000-0000-7000-8000-000000000000";

test("a session that a code of a redirect had opened and that ends with the code is counted as ended, and a plain refusal is not", () => {
  const refused = { event: "authorization_code_refused", client: "shop" } as const;
  const { all, ended } = count(
    { ...refused, because: "used_before", sessionId },
    { ...refused, because: "used_before" },
    { ...refused, because: "expired" },
  );
  expect(ended).toEqual([{ labels: { reason: "authorization_code_reused" }, value: 1 }]);
  expect(all).toEqual([
    { labels: { event: "authorization_code_refused", detail: "used_before" }, value: 2 },
    { labels: { event: "authorization_code_refused", detail: "expired" }, value: 1 },
  ]);
});

test("sessions that an event says it has ended are counted by it, and nothing of who, which app or which fields is a label", () => {
  const { all, ended } = count(
    { event: "password_changed", sessionsEnded: 3 },
    { event: "sessions_ended", because: "revoked", count: 2 },
    { event: "refresh_token_reused", sessionId },
    { event: "user_updated", fields: ["email"] },
    { event: "signed_in", identifier: "none", by: "redirect", client: "shop", sessionId, amr: [], device: "Chrome" },
  );
  expect(ended).toEqual([
    { labels: { reason: "password_changed" }, value: 3 },
    { labels: { reason: "revoked" }, value: 2 },
    { labels: { reason: "refresh_token_reused" }, value: 1 },
  ]);
  expect(JSON.stringify(all)).not.toMatch(/shop|email|Chrome|01900000/);
  expect(all).toContainEqual({ labels: { event: "signed_in", detail: "redirect" }, value: 1 });
});
