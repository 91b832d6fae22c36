import type { Channel } from "../challenges/challenge-store.ts";
import type { Challenges } from "../challenges/challenges.ts";
import type { Queries } from "../storage/database.ts";
import { createQueueWorker, type QueueWorker, rejectOnAbort } from "../storage/queue-worker.ts";
import { type Watch, watchNothing } from "../watch.ts";
import {
  failExpired,
  hasDueMessages,
  type LeasedMessage,
  leaseDue,
  markFailed,
  markForRetry,
  markSent,
  noteReceipt,
  queueNextChannel,
} from "./outbox-store.ts";
import {
  type DeliveryReceipt,
  findSendRefusal,
  type Message,
  SendError,
  type Senders,
  type SendReceipt,
  type SendRefusal,
} from "./sender.ts";

/** Seconds after each try that failed for a reason that passes. After the last, the next channel is tried. */
const backoff = [1, 3, 9] as const;

/** Milliseconds that a provider has for an answer. */
const sendTimeout = 10_000;

/** Seconds for which a message belongs to the process that sends it; longer than a provider has. */
const lease = 30;

/** Messages that one process sends at the same time. */
const atOnce = 20;

/** How a channel that failed is followed. E-mail follows none: a code for a number goes to a number. */
const order: readonly Channel[] = ["whatsapp", "sms"];

/** What became of one try, for logs and counters. It holds no address and no code. */
export interface SendOutcome {
  readonly messageId: string;
  readonly channel: Channel;
  readonly outcome: "sent" | "retried" | "next_channel" | "failed";
  readonly refusal: SendRefusal | null;
  readonly error: unknown;
}

export interface OutboxOptions {
  readonly db: Queries;
  readonly challenges: Pick<Challenges, "codeOf">;
  readonly senders: Senders;
  /** The text of a message. */
  readonly render: (message: Pick<Message, "code" | "purpose" | "channel"> & { locale: string | null }) => {
    readonly text: string;
    readonly locale: string;
  };
  readonly onOutcome?: (outcome: SendOutcome) => void;
  /** Told of every message that is handed to a provider. */
  readonly watch?: Watch;
  /** Whether one more message for an address is inside the budget, when another channel is to take over. */
  readonly admitNext?: (address: string) => Promise<boolean>;
  /** What else this process sends when it looks: answers how many tries that were. */
  readonly sendMore?: (stopping: AbortSignal) => Promise<number>;
  /** Told when the outbox could not be read; it is read again at the next turn. */
  readonly onError?: (error: unknown) => void;
}

/** Sends what is due. Each process has one; no message is sent by two at a time. */
export interface Outbox extends QueueWorker {
  /** Sends everything that is due now, and answers how many tries that were. */
  drain(): Promise<number>;
  /** Notes what a provider tells of a message; as often as it likes. */
  receive(receipt: DeliveryReceipt): Promise<void>;
}

export function createOutbox(options: OutboxOptions): Outbox {
  const { db, onError = () => {} } = options;

  async function drain(stopping: AbortSignal = new AbortController().signal): Promise<number> {
    let total = 0;
    for (;;) {
      const due = await leaseDue(db, { atMost: atOnce, seconds: lease });
      await Promise.all(due.map((message) => attempt(options, message, stopping)));
      total += due.length;
      if (due.length < atOnce || stopping.aborted) break;
    }
    return total + ((await options.sendMore?.(stopping)) ?? 0);
  }

  const worker = createQueueWorker({
    drain: async (stopping) => {
      if (!(await hasDueMessages(db))) return 0;
      const tries = await drain(stopping);
      await failExpired(db);
      return tries;
    },
    onError,
  });

  return {
    ...worker,
    drain: () => drain(),
    async receive(receipt) {
      const noted = await noteReceipt(db, receipt);
      if (!noted) return;
      const next = noted.isOpen && receipt.state === "failed" ? await findNext(options, noted) : null;
      if (next && (await queueNextChannel(db, noted, next))) worker.wake();
    },
  };
}

function nextChannel(channel: Channel, senders: Senders): Channel | null {
  const at = order.indexOf(channel);
  return at < 0 ? null : (order.slice(at + 1).find((next) => senders[next]) ?? null);
}

/** The channel that takes over, where there is one and the budget allows another message. */
async function findNext(
  { senders, admitNext = async () => true }: OutboxOptions,
  { channel, address }: Pick<LeasedMessage, "channel" | "address">,
): Promise<Channel | null> {
  const next = nextChannel(channel, senders);
  return next && (await admitNext(address)) ? next : null;
}

/** Sends one message, and notes what came of it. An error of the database leaves the message to whoever finds its lease run out. */
async function attempt(options: OutboxOptions, leased: LeasedMessage, stopping: AbortSignal): Promise<void> {
  const { onError = () => {}, onOutcome = () => {}, watch = watchNothing } = options;
  // What only listens, and throws, must not make of a message that was sent one that failed.
  const tell = (outcome: SendOutcome) => {
    try {
      onOutcome(outcome);
    } catch (error) {
      onError(error);
    }
  };
  const sent = await watch("message", { channel: leased.channel }, () => send(options, leased, stopping)).then(
    // A sender of somebody's own may answer anything: what was sent is sent.
    (answer: SendReceipt | undefined) => ({ providerId: readProviderId(answer?.providerId) }),
    (error: unknown) => ({ error }),
  );
  if ("error" in sent) return fail(options, leased, { error: sent.error, tell });
  const { messageId, channel } = leased;
  await markSent(options.db, leased, sent.providerId).catch(onError);
  tell({ messageId, channel, outcome: "sent", refusal: null, error: null });
}

const readProviderId = (id: unknown) => (typeof id === "string" && id !== "" ? id.slice(0, 255) : null);

interface Failure {
  readonly error: unknown;
  readonly tell: (outcome: SendOutcome) => void;
}

async function fail(options: OutboxOptions, leased: LeasedMessage, { error, tell }: Failure): Promise<void> {
  const { db, onError = () => {} } = options;
  const { messageId, channel } = leased;
  const refusal = findSendRefusal(error);
  const seconds = refusal === "busy" ? backoff[leased.tries - 1] : undefined;
  // Without the database nothing more is sent to anybody.
  const next = seconds === undefined ? await findNext(options, leased).catch(() => null) : null;
  if (seconds !== undefined) await markForRetry(db, leased, { failure: refusal, seconds }).catch(onError);
  else await markFailed(db, leased, { failure: refusal, next }).catch(onError);
  const outcome = seconds !== undefined ? "retried" : next ? "next_channel" : "failed";
  tell({ messageId, channel, outcome, refusal, error });
}

async function send(options: OutboxOptions, leased: LeasedMessage, stopping: AbortSignal) {
  const { senders, challenges, render } = options;
  const { messageId: id, channel, purpose, address: to, expiresAt } = leased;
  const sender = senders[channel];
  const code = await challenges.codeOf(leased);
  if (!sender) throw new SendError("misconfigured", `There is no sender for ${channel}`);
  if (code === null) throw new SendError("misconfigured", "The key of its code was removed");
  const { text, locale } = render({ code, purpose, channel, locale: leased.locale });
  const signal = AbortSignal.any([AbortSignal.timeout(sendTimeout), stopping]);
  const message: Message = { id, channel, to, text, code, purpose, locale, expiresAt };
  // Also a sender that does not listen to the signal ends here.
  return Promise.race([sender.send(message, signal), rejectOnAbort(signal)]);
}
