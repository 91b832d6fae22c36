import type { Watch } from "@latchkey/auth";
import { createCounter, type Metric } from "./exposition.ts";

/** What is counted of password hashes, by their format. */
export interface HashMetrics {
  readonly watch: Watch;
  readonly metrics: () => readonly Metric[];
}

export function createHashMetrics(): HashMetrics {
  const hashes = createCounter();
  const seconds = createCounter();
  const waits = createCounter();
  const waited = createCounter();
  // Told from the start, so that the first wait is an increase.
  for (const counter of [waits, waited]) counter.add({}, 0);
  return {
    async watch(work, { kind = "none" }, run) {
      if (work !== "hash" && work !== "hash_wait") return run();
      const startedAt = performance.now();
      try {
        return await run();
      } finally {
        const took = (performance.now() - startedAt) / 1_000;
        if (work === "hash") {
          hashes.add({ kind: String(kind) });
          seconds.add({ kind: String(kind) }, took);
        } else {
          waits.add({});
          waited.add({}, took);
        }
      }
    },
    metrics: () => [
      {
        name: "latchkey_password_hashes_total",
        help: "Password hashes that were made or checked, by format.",
        type: "counter",
        samples: hashes.samples(),
      },
      {
        name: "latchkey_password_hash_seconds_total",
        help: "Time that they took together, without waiting.",
        type: "counter",
        samples: seconds.samples(),
      },
      {
        name: "latchkey_password_hash_waits_total",
        help: "Hashes that had to wait for their turn.",
        type: "counter",
        samples: waits.samples(),
      },
      {
        name: "latchkey_password_hash_wait_seconds_total",
        help: "Time that they waited together.",
        type: "counter",
        samples: waited.samples(),
      },
    ],
  };
}
