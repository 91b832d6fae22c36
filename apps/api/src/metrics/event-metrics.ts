import type { AuthOptions } from "@latchkey/auth";
import { createCounter, type Metric } from "./exposition.ts";

type Listener = NonNullable<AuthOptions["onAuditEvent"]>;
type AuditEvent = Parameters<Listener>[0];

/** What is counted of the events that this process writes into the audit trail. */
export interface EventMetrics {
  readonly onAuditEvent: Listener;
  readonly metrics: () => readonly Metric[];
}

export function createEventMetrics(): EventMetrics {
  const events = createCounter();
  return {
    onAuditEvent: (event) => events.add({ event: event.event, detail: findDetail(event) }),
    metrics: () => [
      {
        name: "latchkey_events_total",
        help: "Events of the audit trail that this process wrote, by kind and what of its details is a word of a closed list.",
        type: "counter",
        samples: events.samples(),
      },
    ],
  };
}

/** By what, or why: each of them a word of a closed list. The names of fields, permissions, groups and sources are none. */
function findDetail(event: AuditEvent): string {
  if (event.event === "signed_in") return event.by ?? "password";
  if ("because" in event) return event.because ?? "";
  if ("by" in event) return event.by ?? "";
  if ("limit" in event) return event.limit;
  if ("rule" in event) return event.rule;
  if ("method" in event) return event.method;
  return "";
}
