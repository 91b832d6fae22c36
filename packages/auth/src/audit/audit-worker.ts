import { createQueueWorker, type QueueWorker } from "../storage/queue-worker.ts";
import type { Denials } from "./denials.ts";
import type { Sealer } from "./sealer.ts";

export interface AuditWorkerOptions {
  readonly denials: Denials;
  readonly sealer: Sealer;
}

/** Does what the audit trail leaves for later: writes counted refusals, and seals events. */
export interface AuditWorker extends Pick<QueueWorker, "start" | "stop"> {
  /** Does what is due now, and answers how many events were sealed. */
  drain(): Promise<number>;
}

/** Milliseconds between two looks: for so long an event is without a seal at most, while nothing long is under way. */
const interval = 10_000;

export function createAuditWorker({ denials, sealer }: AuditWorkerOptions): AuditWorker {
  const drain = async (stopping?: AbortSignal) => {
    await denials.flush();
    return sealer.seal(stopping);
  };
  // What fails is done at the next turn, and doctor tells when nothing was sealed for long.
  const worker = createQueueWorker({ drain, onError: () => {}, interval, isLate: true });
  return {
    start: worker.start,
    async stop() {
      await worker.stop();
      // What was counted is in no other place.
      await denials.flush({ isAll: true }).catch(() => 0);
    },
    drain: () => drain(),
  };
}
