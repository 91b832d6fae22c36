import { SendError, type Sender, type SendRefusal } from "@latchkey/auth";
import { createTransport } from "nodemailer";

export interface SmtpOptions {
  /** Such as `smtps://user:password@mail.example.com`. */
  readonly url: string;
  /** Such as `Shop <no-reply@shop.example>`. */
  readonly from: string;
  readonly subject: (locale: string) => string;
}

interface Mail {
  readonly id: string;
  readonly to: string;
  readonly text: string;
  readonly subject: string;
}

/** Sends by e-mail. */
export function smtpSender({ url, from, subject }: SmtpOptions): Sender {
  const transport = createTransport(url, { from });
  const send = async ({ id, to, text, subject }: Mail) => {
    try {
      const messageId = `<${id}@${new URL(url).hostname}>`;
      await transport.sendMail({ to: { name: "", address: to }, subject, text, messageId });
      return { providerId: messageId };
    } catch (error) {
      throw new SendError(toRefusal(error), describe(error));
    }
  };
  return { send: (message) => send({ ...message, subject: subject(message.locale) }), sendNotice: send };
}

const read = (error: unknown, key: string): unknown =>
  typeof error === "object" && error !== null ? Reflect.get(error, key) : undefined;

/** RFC 5321 §4.2: 4yz passes, 550 to 553 is the mailbox; what the transport says of signing in is ours to mend. */
function toRefusal(error: unknown): SendRefusal {
  const status = Number(read(error, "responseCode") ?? 0);
  if (read(error, "code") === "EAUTH") return "misconfigured";
  if (status >= 550 && status <= 553) return "invalid_number";
  return status >= 500 ? "rejected" : "busy";
}

const describe = (error: unknown) =>
  `SMTP ${String(read(error, "code") ?? "")} ${String(read(error, "responseCode") ?? "")}`.trim();
