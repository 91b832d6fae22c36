import { type AuthOptions, type FirewallRule, SendError, type SendOutcome } from "@latchkey/auth";
import type { Logger } from "pino";
import { createCounter, type Metric } from "../metrics/exposition.ts";

type Listeners = Required<Pick<NonNullable<AuthOptions["messages"]>, "onOutcome" | "onError">>;

/** What is logged and counted of messages. No line holds a number, an address or a code but what the console's sender prints. */
export interface MessageLog extends Listeners {
  /** Told each message that the rules refuse, or would. */
  onRefusal(isEnforced: boolean): (rule: FirewallRule, country: string | null) => void;
  /** Prints a message in place of sending it. */
  print(line: string): void;
  readonly metrics: () => readonly Metric[];
}

/** Everything that a message can be counted under. */
const channels: readonly SendOutcome["channel"][] = ["sms", "whatsapp", "email"];
const outcomes: readonly SendOutcome["outcome"][] = ["sent", "retried", "next_channel", "failed"];
const rules = Object.keys({
  ...{ kind: 0, country: 0, number: 0, network: 0, prefix: 0, country_budget: 0, day_budget: 0 },
  ...{ email_address: 0, email_network: 0, email_day_budget: 0 },
} satisfies Record<FirewallRule, 0>);

export function createMessageLog(log: Logger, print: (line: string) => void): MessageLog {
  const tries = createCounter();
  const refusals = createCounter();
  // Told from the start, so that the first one is an increase.
  for (const channel of channels) for (const outcome of outcomes) tries.add({ channel, outcome }, 0);
  for (const rule of rules) refusals.add({ rule }, 0);
  return {
    print,
    onOutcome(outcome) {
      const { messageId, channel, outcome: what, refusal, error } = outcome;
      tries.add({ channel, outcome: what });
      const facts = { messageId, channel, refusal, because: describeSendError(error) };
      if (what === "sent") log.info({ messageId, channel }, "message sent");
      else log.warn(facts, what === "retried" ? "message not sent; it is tried again" : sayFailure(what));
    },
    onRefusal: (isEnforced) => (rule, country) => {
      refusals.add({ rule });
      if (isEnforced) log.warn({ rule, country }, "message refused");
      else
        print(
          `With a sender that costs money, the next message would be refused by the rule ${rule}${hintOf(rule, country)}.`,
        );
    },
    onError: (error) =>
      log.warn({ because: describeSendError(error) }, "the outbox could not be read or written; trying again"),
    metrics: () => [
      {
        name: "latchkey_messages_total",
        help: "Tries to send a message by channel and what came of it.",
        type: "counter",
        samples: tries.samples(),
      },
      {
        name: "latchkey_messages_refused_total",
        help: "Messages that the rules against fraud refused, by rule.",
        type: "counter",
        samples: refusals.samples(),
      },
    ],
  };
}

/** Which setting lets a newcomer's first number through, where one does. */
function hintOf(rule: FirewallRule, country: string | null): string {
  if (rule !== "country" || country === null) return "";
  return `: add ${country} to MESSAGE_COUNTRIES, or set PHONE_DEFAULT_COUNTRY=${country}, whose numbers are sent messages where that is not set`;
}

const sayFailure = (outcome: SendOutcome["outcome"]) =>
  outcome === "next_channel" ? "message not sent; the next channel is tried" : "message not sent";

/** A sender of somebody's own may quote what it was to send: of its errors only the kind is told. */
export function describeSendError(error: unknown): string | null {
  if (error === null || error === undefined) return null;
  if (!(error instanceof Error)) return "no error";
  const code = "code" in error ? ` ${String(error.code).slice(0, 40)}` : "";
  return error instanceof SendError || error.name === "SendError"
    ? error.message.slice(0, 300)
    : `${error.name}${code}`;
}
