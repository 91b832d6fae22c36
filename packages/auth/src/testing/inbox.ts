import type { NoticeMessage } from "../messages/notice.ts";
import type { Message, Sender } from "../messages/sender.ts";

/** A sender that keeps what it is handed. */
export interface Inbox extends Sender {
  /** Everything that was sent, in order. */
  readonly messages: readonly Message[];
  /** Every notice that was sent, in order. */
  readonly notices: readonly NoticeMessage[];
  /** The next message to somebody that nobody has taken yet, as soon as it is sent. */
  take(to: string): Promise<Message>;
}

interface Waiting {
  readonly to: string;
  readonly resolve: (message: Message) => void;
}

/**
 * Keeps messages instead of sending them.
 *
 * @example
 * const inbox = createInbox();
 * await using test = await createTestAuth({ messages: { senders: { sms: inbox }, isEnforced: false } });
 * const { challenge } = await test.auth.startCode({ purpose: "sign_in", to: "+905321234567" }, test.facts);
 * const { code } = await inbox.take("+905321234567");
 */
export function createInbox(): Inbox {
  const messages: Message[] = [];
  const notices: NoticeMessage[] = [];
  const left: Message[] = [];
  const waiting: Waiting[] = [];
  return {
    messages,
    notices,
    async sendNotice(notice) {
      notices.push(notice);
    },
    async send(message) {
      messages.push(message);
      const at = waiting.findIndex(({ to }) => to === message.to);
      const [first] = at < 0 ? [] : waiting.splice(at, 1);
      if (first) first.resolve(message);
      else left.push(message);
      return { providerId: message.id };
    },
    take(to) {
      const at = left.findIndex((message) => message.to === to);
      const [first] = at < 0 ? [] : left.splice(at, 1);
      return first ? Promise.resolve(first) : new Promise((resolve) => waiting.push({ to, resolve }));
    },
  };
}
