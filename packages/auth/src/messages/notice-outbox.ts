import type { Queries } from "../storage/database.ts";
import { type Watch, watchNothing } from "../watch.ts";
import type { NoticeMessage } from "./notice.ts";
import { type LeasedNotice, leaseNotices, noteNoticeTry } from "./notice-store.ts";
import { findSendRefusal, type Senders } from "./sender.ts";

/** Seconds after each try that failed for a reason that passes. */
const backoff = [5, 60, 600, 3_600] as const;

/** Milliseconds that a provider has for an answer, and seconds for which a message belongs to the process that sends it. */
const [sendTimeout, lease] = [10_000, 30];

const atOnce = 20;

export interface NoticeOutboxOptions {
  readonly db: Queries;
  readonly senders: Senders;
  readonly perDay: number;
  readonly render: (
    notice: Pick<LeasedNotice, "kind" | "channel" | "locale">,
  ) => Pick<NoticeMessage, "text" | "subject" | "locale">;
  readonly onError?: ((error: unknown) => void) | undefined;
  /** Told of every notice that is handed to a provider. */
  readonly watch?: Watch | undefined;
}

/** Sends the notices that are due, and answers how many tries that were. */
export async function sendDueNotices(options: NoticeOutboxOptions, stopping: AbortSignal): Promise<number> {
  const { db, perDay } = options;
  let total = 0;
  for (;;) {
    const { leased, isFull } = await leaseNotices(db, { atMost: atOnce, seconds: lease, perDay });
    await Promise.all(leased.map((notice) => attempt(options, notice, stopping)));
    total += leased.length;
    if (!isFull || stopping.aborted) return total;
  }
}

async function attempt(options: NoticeOutboxOptions, notice: LeasedNotice, stopping: AbortSignal): Promise<void> {
  const { db, onError = () => {}, watch = watchNothing } = options;
  try {
    await watch("notice", { channel: notice.channel }, () => send(options, notice, stopping));
    await noteNoticeTry(db, notice.id, { failure: null, again: null }).catch(onError);
  } catch (error) {
    const failure = findSendRefusal(error);
    const again = failure === "busy" ? (backoff[notice.tries - 1] ?? null) : null;
    await noteNoticeTry(db, notice.id, { failure, again }).catch(onError);
  }
}

async function send(
  { senders, render }: NoticeOutboxOptions,
  notice: LeasedNotice,
  stopping: AbortSignal,
): Promise<void> {
  const { id, kind, channel, address: to } = notice;
  const signal = AbortSignal.any([AbortSignal.timeout(sendTimeout), stopping]);
  const aborted = new Promise<never>((_, reject) =>
    signal.addEventListener("abort", () => reject(signal.reason), { once: true }),
  );
  signal.throwIfAborted();
  await Promise.race([senders[channel]?.sendNotice?.({ id, kind, channel, to, ...render(notice) }, signal), aborted]);
}

/** The channels by which notices can be sent. */
export function findNoticeChannels(senders: Senders): ("sms" | "email")[] {
  return (["sms", "email"] as const).filter((channel) => senders[channel]?.sendNotice !== undefined);
}
