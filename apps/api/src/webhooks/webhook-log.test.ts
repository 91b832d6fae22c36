import { pino } from "pino";
import { expect, test } from "vitest";
import { createWebhookLog } from "./webhook-log.ts";

const id = "01900000-0000-7000-8000-000000000000";

function logOf(endpoint: string) {
  const lines: Record<string, unknown>[] = [];
  const log = pino({ level: "debug", base: null, timestamp: false }, { write: (line) => lines.push(JSON.parse(line)) });
  const { onOutcome, metrics } = createWebhookLog(log);
  const about = { endpoint, id, type: "user.created" } as const;
  onOutcome?.({ ...about, outcome: "delivered", error: null });
  onOutcome?.({ ...about, outcome: "retried", error: new Error("HTTP 500") });
  onOutcome?.({ ...about, outcome: "failed", error: new Error("HTTP 500") });
  return { lines, metrics: metrics() };
}

test("a line names the event and the endpoint's host, and not the path, which may be what lets one in there", () => {
  const { lines, metrics } = logOf("https://hooks.example/services/T0CANARY");
  const about = { endpoint: "https://hooks.example/…", id, type: "user.created" };
  expect(lines).toEqual([
    expect.objectContaining({ ...about, msg: "webhook delivered" }),
    expect.objectContaining({ ...about, because: "Error: HTTP 500" }),
    expect.objectContaining({ ...about, because: "Error: HTTP 500" }),
  ]);
  expect(JSON.stringify([lines, metrics])).not.toContain("T0CANARY");
});

test("an endpoint of the config file is named by its name", () => {
  expect(logOf("journal").lines[0]).toMatchObject({ endpoint: "journal" });
});
