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
  readonly onStreamError?: ((error: unknown) => void) | undefined;
  /** Told when events could not be sealed, or counted refusals not be written. */
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

export function createAuditWorker(options: AuditWorkerOptions): AuditWorker {
  const { denials, sealer, stream, onError = () => {}, onStreamError = () => {} } = options;

  /** None of the three keeps the others from being done; what failed is done at the next turn. */
  async function work(stopping?: AbortSignal): Promise<Worked> {
    const [written] = await Promise.allSettled([denials.flush()]);
    const [sealed] = await Promise.allSettled([sealer.seal(stopping)]);
    const [told] = await Promise.allSettled([stream?.tell(stopping)]);
    return { ofTrail: [written, sealed].find(isRejected), ofStream: [told].find(isRejected), sealed, told };
  }

  async function turn(stopping: AbortSignal): Promise<number> {
    const { ofTrail, ofStream, sealed, told } = await work(stopping);
    if (ofTrail) onError(ofTrail.reason);
    if (ofStream) onStreamError(ofStream.reason);
    return countOf(sealed) + countOf(told);
  }

  const worker = createQueueWorker({ drain: turn, onError, isLate: true, ...(!stream && { interval }) });
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
    async drain() {
      const { ofTrail, ofStream, sealed } = await work();
      const failed = ofTrail ?? ofStream;
      if (failed) throw failed.reason;
      return countOf(sealed);
    },
  };
}

interface Worked {
  readonly ofTrail: PromiseRejectedResult | undefined;
  readonly ofStream: PromiseRejectedResult | undefined;
  readonly sealed: PromiseSettledResult<number>;
  readonly told: PromiseSettledResult<number | undefined>;
}

const countOf = (result: PromiseSettledResult<number | undefined>) =>
  result.status === "fulfilled" ? (result.value ?? 0) : 0;

const isRejected = (result: PromiseSettledResult<unknown>): result is PromiseRejectedResult =>
  result.status === "rejected";
