import { createQueueWorker, type QueueWorker } from "../storage/queue-worker.ts";
import type { Denials } from "./denials.ts";
import type { Sealer } from "./sealer.ts";
import type { AuditStream } from "./stream.ts";

export interface AuditWorkerOptions {
  readonly denials: Denials;
  readonly sealer: Sealer;
  /** Null where no other system is told. */
  readonly stream: AuditStream | null;
  /** Told when it could not be told. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** Does what the audit trail leaves for later: writes counted refusals, seals events, and tells another system of them. */
export interface AuditWorker extends Pick<QueueWorker, "stop"> {
  start(): Promise<void>;
  /** Told that this process wrote an event: where somebody is told of it, that is soon. */
  noteEvent(): void;
  /** Does what is due now, and answers how many events were sealed. */
  drain(): Promise<number>;
}

/** Milliseconds between two looks: for so long an event is without a seal at most, while nothing long is under way. */
const interval = 10_000;

export function createAuditWorker({ denials, sealer, stream, onError = () => {} }: AuditWorkerOptions): AuditWorker {
  const drain = async (stopping?: AbortSignal) => {
    await denials.flush();
    const sealed = await sealer.seal(stopping);
    const told = (await stream?.tell(stopping)) ?? 0;
    return { sealed, found: sealed + told };
  };
  // What fails is done at the next turn, and doctor tells when nothing was sealed, or told, for long.
  const worker = createQueueWorker({
    drain: async (stopping) => (await drain(stopping)).found,
    onError,
    isLate: true,
    ...(!stream && { interval }),
  });
  return {
    async start() {
      await stream?.begin();
      worker.start();
    },
    async stop() {
      await worker.stop();
      // What was counted is in no other place.
      await denials.flush({ isAll: true }).catch(() => 0);
    },
    noteEvent() {
      if (stream) worker.wakeSoon();
    },
    drain: async () => (await drain()).sealed,
  };
}
