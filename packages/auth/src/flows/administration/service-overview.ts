import { countEvents, type EventCount, type RecentEventCount } from "../../audit/event-counts.ts";
import { type MessageSpan, readHours } from "../../messages/message-counts.ts";
import { readSentCodes, type SentCodes } from "../../messages/outbox-store.ts";
import { countryKeys } from "../../messages/phone-line.ts";
import type { Core } from "../steps/core.ts";
import { type QueueState, readQueues } from "../steps/read-queues.ts";

/** How long codes that were asked for in a stretch of time waited until they left. */
export interface OutboxSpan {
  /** When it began. */
  readonly from: Date;
  /** Those that left within ten seconds. */
  readonly prompt: number;
  /** Those that waited longer, or have not left. */
  readonly late: number;
}

/** What an administrator looks at first. A stretch of time of which there is nothing is in no list. */
export interface ServiceOverview {
  /** When it was looked at, by the clock of the events. */
  readonly at: Date;
  /** What happened in each of the last 24 hours, the present one among them, by its name. */
  readonly events: readonly EventCount[];
  /** What became of messages in the same hours, to all countries together. */
  readonly messages: readonly MessageSpan[];
  readonly outbox: readonly OutboxSpan[];
  /** The same of the last hour, in steps of five minutes: of messages, what has become of those that were asked for in them. */
  readonly lastHour: {
    readonly events: readonly RecentEventCount[];
    readonly messages: readonly MessageSpan[];
    readonly outbox: readonly OutboxSpan[];
  };
  /** What waits to be sent at this moment, of all processes together. */
  readonly queues: readonly QueueState[];
}

const hour = 3_600;
const fiveMinutes = 300;

/** Counts what happened in the last 24 hours and in the last one, from the audit trail, the counts of messages and the outbox. */
export async function readServiceOverview({ db, options: { clock } }: Core): Promise<ServiceOverview> {
  const { hours: events, lastHour: recentEvents } = await countEvents(db);
  const messages = await readHours(db, { keys: countryKeys, hours: 24 });
  const codes = await readSentCodes(db, { seconds: 24 * hour, step: hour });
  const recentCodes = await readSentCodes(db, { seconds: hour, step: fiveMinutes });
  return {
    at: clock.now(),
    events,
    messages,
    outbox: codes.map(toOutboxSpan),
    lastHour: {
      events: recentEvents,
      messages: toMessageSpans(recentCodes, recentEvents),
      outbox: recentCodes.map(toOutboxSpan),
    },
    queues: await readQueues(db),
  };
}

const toOutboxSpan = ({ from, prompt, late }: SentCodes): OutboxSpan => ({ from, prompt, late });

/** Adds those that were refused, of which there is an event and no code. */
function toMessageSpans(codes: readonly SentCodes[], events: readonly RecentEventCount[]): MessageSpan[] {
  const spans = new Map<number, MessageSpan>();
  for (const { prompt: _, late: __, ...span } of codes) spans.set(span.from.getTime(), { ...span, refused: 0 });
  for (const { from, count: refused } of events.filter(({ event }) => event === "message_refused")) {
    const { asked, ...rest } = spans.get(from.getTime()) ?? { ...nothing, from };
    spans.set(from.getTime(), { ...rest, asked: asked + refused, refused });
  }
  return [...spans.values()].sort((one, other) => one.from.getTime() - other.from.getTime());
}

const nothing = { asked: 0, sent: 0, delivered: 0, failed: 0, proved: 0 };
