import type { AuthOptions } from "@latchkey/auth";
import { withHostAlone } from "@latchkey/auth/internal";
import { webhookEndpoint } from "@latchkey/senders/webhook";
import type { Logger } from "pino";
import { createCounter, type Metric } from "../metrics/exposition.ts";
import { nameEndpoint, type WebhookSettings } from "./webhook-settings.ts";

type Webhooks = NonNullable<AuthOptions["webhooks"]>;

/** What is logged and counted of webhooks by the process that sends them. */
export interface WebhookLog extends Required<Pick<Webhooks, "onOutcome" | "onError">> {
  readonly metrics: () => readonly Metric[];
}

/** The endpoints that the settings name. */
export function readEndpoints({ WEBHOOKS: urls, WEBHOOK_SECRET: secrets }: WebhookSettings): Webhooks["endpoints"] {
  const [first, ...others] = secrets ?? [];
  if (first === undefined) return {};
  return Object.fromEntries(
    urls.map((url) => [nameEndpoint(url), webhookEndpoint({ url, secrets: [first, ...others] })]),
  );
}

/** Writes a line for each try that failed, and counts all of them. */
export function createWebhookLog(log: Logger): WebhookLog {
  const tries = createCounter();
  // Told from the start, so that the first one is an increase.
  for (const outcome of ["delivered", "retried", "failed"]) tries.add({ outcome }, 0);
  return {
    metrics: () => [
      {
        name: "latchkey_webhook_deliveries_total",
        help: "Tries to deliver an event to a webhook, by what came of it.",
        type: "counter",
        samples: tries.samples(),
      },
    ],
    onOutcome: ({ outcome, error, ...told }) => {
      tries.add({ outcome });
      // A path may be what lets one in, and a log goes elsewhere.
      const about = { ...told, endpoint: withHostAlone(told.endpoint) };
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
