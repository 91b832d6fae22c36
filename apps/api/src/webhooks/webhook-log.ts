import type { AuthOptions } from "@latchkey/auth";
import { webhookEndpoint } from "@latchkey/senders/webhook";
import type { Logger } from "pino";
import { nameEndpoint, type WebhookSettings } from "./webhook-settings.ts";

/** What the core is told of webhooks by the process that sends them, with a line for each try that failed. */
export function openWebhooks(
  { WEBHOOKS: urls, WEBHOOK_SECRET: secrets }: WebhookSettings,
  log: Logger,
): NonNullable<AuthOptions["webhooks"]> {
  const [first, ...others] = secrets ?? [];
  if (first === undefined) return {};
  const endpoints = urls.map((url) => [nameEndpoint(url), webhookEndpoint({ url, secrets: [first, ...others] })]);
  return {
    endpoints: Object.fromEntries(endpoints),
    onOutcome: ({ outcome, error, ...about }) => {
      if (outcome === "delivered") return log.debug(about, "webhook delivered");
      const because = describeError(error);
      if (outcome === "retried") log.warn({ ...about, because }, "webhook not delivered; it is tried again");
      else
        log.error(
          { ...about, because },
          "webhook not delivered within a day; latchkey webhooks --resend sends it again",
        );
    },
    onError: (error) =>
      log.warn({ because: describeError(error) }, "webhooks could not be read or written; trying again"),
  };
}

const describeError = (error: unknown) =>
  error instanceof Error ? `${error.name}: ${error.message}`.slice(0, 300) : "no error";
