import type { Queries } from "../storage/database.ts";
import { createQueueWorker, type QueueWorker, rejectOnAbort } from "../storage/queue-worker.ts";
import { type Watch, watchNothing } from "../watch.ts";
import { type LeasedEvent, leaseEvents, markDelivered, markUndelivered, noteEndpoints } from "./webhook-store.ts";

/** What an endpoint is told. */
export interface WebhookEvent {
  /** Says whether it was told before: it may come more than once. */
  readonly id: string;
  /** JSON: `type`, `timestamp`, `data`. */
  readonly body: string;
}

/** Hands an event to an endpoint, or throws. */
export type DeliverWebhook = (event: WebhookEvent, signal: AbortSignal) => Promise<void>;

/** What became of one try, for logs and counters. */
export interface WebhookOutcome {
  readonly endpoint: string;
  readonly id: string;
  readonly type: string;
  readonly outcome: "delivered" | "retried" | "failed";
  readonly error: unknown;
}

export interface WebhooksOptions {
  readonly db: Queries;
  /** By a name that stays, under which an endpoint's events wait. */
  readonly endpoints: Readonly<Record<string, DeliverWebhook>>;
  readonly onOutcome?: ((outcome: WebhookOutcome) => void) | undefined;
  readonly onError?: ((error: unknown) => void) | undefined;
  /** Told of every event that is handed to an endpoint. */
  readonly watch?: Watch | undefined;
}

/** Tells endpoints what the tables say is to be told: at least once, and of one person in order. */
export interface Webhooks extends QueueWorker {
  /** Notes that this process tells its endpoints. Call it at the start and by the hour. */
  register(): Promise<void>;
  /** Sends everything that is due now, and answers how many tries that were. */
  drain(): Promise<number>;
}

/** Milliseconds that an endpoint has for an answer. */
const deliveryTimeout = 5_000;

/** Seconds for which an event belongs to the process that sends it; longer than an endpoint has. */
const lease = 15;

/** Events that one process sends to one endpoint at the same time. */
const atOnce = 10;

/** Seconds before the second try; each wait after it is twice as long, and none longer than an hour. */
const firstWait = 5;
const longestWait = 3_600;

/** Bytes of an event. */
const largestBody = 65_536;

export function createWebhooks(options: WebhooksOptions): Webhooks {
  const { db, endpoints, onError = () => {} } = options;
  const names = Object.keys(endpoints);

  // Each endpoint has a worker of its own, so that one that is slow delays nobody but itself.
  const workers = names.map((name) =>
    createQueueWorker({ drain: (stopping) => drainEndpoint(options, name, stopping), onError }),
  );

  return {
    register: () => noteEndpoints(db, names),
    start: () => {
      for (const worker of workers) worker.start();
    },
    stop: async () => {
      await Promise.all(workers.map((worker) => worker.stop()));
    },
    wake: () => {
      for (const worker of workers) worker.wake();
    },
    wakeSoon: () => {
      for (const worker of workers) worker.wakeSoon();
    },
    async drain() {
      const { signal } = new AbortController();
      const counts = await Promise.all(names.map((name) => drainEndpoint(options, name, signal)));
      return counts.reduce((total, count) => total + count, 0);
    },
  };
}

async function drainEndpoint(options: WebhooksOptions, name: string, stopping: AbortSignal): Promise<number> {
  let total = 0;
  for (;;) {
    const { events, isAny } = await leaseEvents(options.db, name, { atMost: atOnce, seconds: lease });
    await Promise.all(events.map((event) => attempt(options, name, { event, stopping })));
    total += events.length;
    if (!isAny || stopping.aborted) return total;
  }
}

interface Attempt {
  readonly event: LeasedEvent;
  readonly stopping: AbortSignal;
}

/** An error of the database leaves the event to whoever finds its lease run out. */
async function attempt(options: WebhooksOptions, endpoint: string, { event, stopping }: Attempt): Promise<void> {
  const { db, onOutcome = () => {}, onError = () => {}, watch = watchNothing } = options;
  const { id, type, tries } = event;
  const error = await watch("webhook", { type }, () => deliver(options, endpoint, { event, stopping })).then(
    () => null,
    (reason: unknown) => reason ?? new Error("No reason"),
  );
  try {
    if (error === null) {
      await markDelivered(db, id);
      return onOutcome({ endpoint, id, type, outcome: "delivered", error: null });
    }
    const seconds = Math.min(longestWait, firstWait * 2 ** Math.min(tries - 1, 10));
    const isRetried = await markUndelivered(db, id, { failure: describe(error), seconds });
    onOutcome({ endpoint, id, type, outcome: isRetried ? "retried" : "failed", error });
  } catch (failure) {
    onError(failure);
  }
}

async function deliver({ endpoints }: WebhooksOptions, endpoint: string, { event, stopping }: Attempt): Promise<void> {
  const { id, type, data, occurredAt } = event;
  const body = JSON.stringify({ type, timestamp: occurredAt.toISOString(), data });
  if (Buffer.byteLength(body) > largestBody) throw new Error("The event is larger than 64 KB");
  const signal = AbortSignal.any([AbortSignal.timeout(deliveryTimeout), stopping]);
  // Also what does not listen to the signal ends here.
  await Promise.race([endpoints[endpoint]?.({ id, body }, signal), rejectOnAbort(signal)]);
}

const describe = (error: unknown) => (error instanceof Error ? `${error.name}: ${error.message}` : String(error));
