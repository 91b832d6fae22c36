import { isStorageUnavailable } from "@latchkey/auth";
import type { Logger } from "pino";
import { createCounter, type Metric } from "../metrics/exposition.ts";

/** What is logged and counted of an audit trail that could not be sealed, or whose counted refusals could not be written. */
export interface AuditFailures {
  readonly onAuditError: (error: unknown) => void;
  readonly metrics: () => readonly Metric[];
}

export function createAuditFailures(log: Logger): AuditFailures {
  const failures = createCounter();
  // Told from the start, so that the first one is an increase.
  failures.add({}, 0);
  return {
    onAuditError(error) {
      failures.add({});
      const because = error instanceof Error ? `${error.name}: ${error.message}`.slice(0, 300) : "no error";
      // A database that is away is told of by those who wait for it; this will be done later.
      const level = isStorageUnavailable(error) ? "warn" : "error";
      log[level]({ because }, "the audit trail could not be sealed or added to; trying again");
    },
    metrics: () => [
      {
        name: "latchkey_audit_failures_total",
        help: "Turns in which the audit trail could not be sealed, or its counted refusals not be written.",
        type: "counter",
        samples: failures.samples(),
      },
    ],
  };
}
