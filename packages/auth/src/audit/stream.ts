import type { Queries } from "../storage/database.ts";
import { rejectOnAbort } from "../storage/queue-worker.ts";
import { listEventsBetween, type StoredEvent } from "./audit-log.ts";
import { beginStream, findUntold, leaseStream, releaseStream } from "./stream-store.ts";

/** An event as another system is told of it. */
export interface StreamedEvent extends StoredEvent {
  /** Where it stands among all events: they are told in this order, and one may be told again. */
  readonly position: string;
}

/** What is told of the audit trail beside the database. */
export interface AuditStreamOptions {
  /** A name that stays: how far it has come is kept under it. */
  readonly name: string;
  /** Hands over some events, or throws: then the same ones come again. */
  readonly deliver: (events: readonly StreamedEvent[], signal: AbortSignal) => Promise<void>;
  /** Told when they could not be handed over. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** Tells another system of every event at least once and in order, whatever ends the process: from where the table says that it has come. */
export interface AuditStream {
  /** Begins behind the events that are there, unless it was begun before. */
  begin(): Promise<void>;
  /** Tells what is sealed and was not told, or the beginning of it where that is much, and answers how many events that were. */
  tell(stopping?: AbortSignal): Promise<number>;
}

/** Milliseconds that the other system has. */
const deliveryTimeout = 10_000;

/** Seconds for which a process has a stream; longer than the other system has. */
const lease = 20;

/** Events that are handed over at once. */
const atOnce = 100;

/** How often that is done in one go: what waits to be sealed or counted must not wait for all that a slow system is behind. */
const mostInOneGo = 20;

export function createAuditStream(
  { name, deliver }: AuditStreamOptions,
  { db }: { readonly db: Queries },
): AuditStream {
  /** One batch; 0 where nothing waits or another process has the stream. */
  async function tellSome(stopping: AbortSignal | undefined): Promise<number> {
    const until = await findUntold(db, name);
    const from = until === null ? null : await leaseStream(db, name, lease);
    if (until === null || from === null) return 0;
    let reached = from;
    try {
      const events = await listEventsBetween(db, { after: from, until, atMost: atOnce });
      const last = events.at(-1);
      if (!last) {
        // What stood there was deleted, or never written.
        if (BigInt(until) > BigInt(from)) reached = until;
        return 0;
      }
      const timeout = AbortSignal.timeout(deliveryTimeout);
      const signal = stopping ? AbortSignal.any([timeout, stopping]) : timeout;
      await Promise.race([deliver(events, signal), rejectOnAbort(signal)]);
      reached = last.position;
      return events.length;
    } finally {
      await releaseStream(db, name, { from, reached });
    }
  }

  return {
    begin: () => beginStream(db, name),
    async tell(stopping) {
      let total = 0;
      for (let done = 0; done < mostInOneGo; done += 1) {
        const told = await tellSome(stopping);
        total += told;
        if (told < atOnce || stopping?.aborted) break;
      }
      return total;
    },
  };
}
