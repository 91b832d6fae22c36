import { readMsg91Receipt, readPlainReceipt, readVonageReceipt } from "@latchkey/senders/http";
import { readTwilioReceipt } from "@latchkey/senders/twilio";
import { readWebhookReceipt } from "@latchkey/senders/webhook";
import { readWhatsAppReceipt, readWhatsAppSubscription } from "@latchkey/senders/whatsapp";
import type { ReadReceipts, ReceiptsOptions } from "@latchkey/server";
import { createReceiptsHandler as createHandler } from "@latchkey/server/internal";
import type { MessageSettings } from "./message-settings.ts";
import { receiptsPath, receiptUrl } from "./receipt-paths.ts";

type Settings = MessageSettings & { readonly PUBLIC_URL?: string | undefined };

/** Answers the providers that the settings name; one that is not configured has no path here. */
export function createReceiptsHandler(settings: Settings, options: Pick<ReceiptsOptions, "receive" | "onNotice">) {
  const { RECEIPTS_SECRET: secret } = settings;
  return createHandler({
    ...options,
    path: receiptsPath,
    signed: listSigned(settings),
    bySecret,
    secret,
    // Meta asks once whether the address is meant, with a token of ours.
    challenges: {
      whatsapp: (query) => (secret === undefined ? null : readWhatsAppSubscription(query, { verifyToken: secret })),
    },
  });
}

/** Providers that sign what they send, by their path, where what they sign it with is known. */
function listSigned(settings: Settings): Readonly<Record<string, ReadReceipts>> {
  const { TWILIO_AUTH_TOKEN: authToken, WHATSAPP_APP_SECRET: appSecret, WEBHOOK_SENDER_SECRET: secret } = settings;
  const statusCallback = receiptUrl(settings.PUBLIC_URL, "twilio");
  return {
    ...(authToken &&
      statusCallback && {
        twilio: ({ body, header }) =>
          readTwilioReceipt({ body, signature: header("x-twilio-signature") }, { authToken, statusCallback }),
      }),
    ...(appSecret && {
      whatsapp: ({ body, header }) =>
        readWhatsAppReceipt({ body, signature: header("x-hub-signature-256") }, { appSecret }),
    }),
    ...(secret && {
      webhook: ({ body, header }) =>
        readWebhookReceipt(
          {
            body,
            id: header("webhook-id"),
            timestamp: header("webhook-timestamp"),
            signature: header("webhook-signature"),
          },
          { secret },
        ),
    }),
  } satisfies Record<string, ReadReceipts>;
}

/** Providers that sign nothing. */
const bySecret: Readonly<Record<string, ReadReceipts>> = {
  vonage: ({ body }) => readVonageReceipt(body),
  msg91: ({ body }) => readMsg91Receipt(body),
  http: ({ body }) => readPlainReceipt(body),
};
