import type { NoticeKind } from "../../messages/notice.ts";
import { findNoticeChannels } from "../../messages/notice-outbox.ts";
import { insertNotice, type NoticeMessagesToQueue, queueNoticeMessages } from "../../messages/notice-store.ts";
import { afterCommit } from "../../storage/after-commit.ts";
import type { Queries } from "../../storage/database.ts";
import type { Core, RequestInfo } from "./core.ts";
import { messageLocale } from "./message-locale.ts";

export interface NoticeToKeep {
  readonly userId: string;
  readonly kind: NoticeKind;
  /** The call of the person, or of whoever is taken for them; null for what an administrator, the operator or another person did. */
  readonly facts: RequestInfo | null;
  /** Numbers and addresses that were proved on the account and are no more by what is told; never one that another person has proved. */
  readonly former?: NoticeMessagesToQueue["former"];
}

/**
 * Keeps what somebody is told of their own account, in the transaction of what it tells: a row in their list, and a message to each number and
 * address that is proved on it, which the outbox sends later. Nothing waits for a provider, and none of its failures undoes anything. Answers
 * how many messages there are.
 */
export async function keepNotice(
  core: Pick<Core, "options" | "outbox">,
  transaction: Queries,
  { userId, kind, facts, former = [] }: NoticeToKeep,
): Promise<{ readonly messages: number }> {
  const { on, messages: messaging } = core.options;
  const { address = null, userAgent = null, locale = null } = facts ?? {};
  const noticeId = await insertNotice(transaction, {
    userId,
    kind,
    address,
    userAgent,
    hasHook: on.noticeKept !== undefined,
  });
  if (noticeId === null) return { messages: 0 };
  afterCommit(transaction, core.outbox.wake);
  const channels = findNoticeChannels(messaging.senders);
  const inLocale = messageLocale(userId, { request: locale });
  const queued = { noticeId, userId, kind, channels, locale: inLocale, former };
  return { messages: await queueNoticeMessages(transaction, queued) };
}
