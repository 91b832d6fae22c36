import { createHash, timingSafeEqual } from "node:crypto";
import type { DeliveryReceipt } from "@latchkey/auth";
import { readMsg91Receipt, readPlainReceipt, readVonageReceipt } from "@latchkey/senders/http";
import { readTwilioReceipt } from "@latchkey/senders/twilio";
import { readWebhookReceipt } from "@latchkey/senders/webhook";
import { readWhatsAppReceipt } from "@latchkey/senders/whatsapp";
import { limitBody, refuse, refuseMethod } from "@latchkey/server";
import type { MessageSettings } from "./message-settings.ts";
import { receiptsPath, receiptUrl } from "./receipt-paths.ts";

type Settings = MessageSettings & { readonly PUBLIC_URL?: string | undefined };

/** What a provider sent: its body, and its headers. */
interface Sent {
  readonly body: string;
  header(name: string): string | null;
}

/** Reads what a provider tells; null when it is not the provider who does. */
type ReadReceipts = (sent: Sent) => readonly DeliveryReceipt[] | null;

export interface ReceiptsOptions {
  /** Notes one; as often as it comes. */
  readonly receive: (receipt: DeliveryReceipt) => Promise<void>;
}

/** Bytes of a receipt. WhatsApp tells of many messages at once. */
const largestBody = 262_144;

/** Receipts of one call that are looked at. */
const mostAtOnce = 1_000;

/**
 * Answers providers that tell what became of messages. Each has to sign what it sends, or to know the secret that is the last part of the
 * path; a provider that is not configured has no path here.
 */
export function createReceiptsHandler(settings: Settings, { receive }: ReceiptsOptions) {
  const signed = listSigned(settings);
  return async (request: Request): Promise<Response> => {
    const { pathname, searchParams } = new URL(request.url);
    const [provider = "", secret, ...rest] = pathname.slice(receiptsPath.length + 1).split("/");
    const isSecret = secret !== undefined && isEqual(secret, settings.RECEIPTS_SECRET);
    const read =
      secret === undefined ? signed[provider] : isSecret && rest.length === 0 ? bySecret[provider] : undefined;
    if (!read) return refuse("NOT_FOUND");
    if (provider === "whatsapp" && request.method === "GET") return confirmSubscription(searchParams, settings);
    if (request.method !== "POST") return refuseMethod("POST");
    const limited = await limitBody(request, largestBody);
    if (limited === "too large") return refuse("PAYLOAD_TOO_LARGE", "The receipt is too large");
    if (limited === "cut off") return refuse("BAD_REQUEST", "The request ended early");
    const receipts = read({ body: await limited.text(), header: (name) => request.headers.get(name) });
    if (!receipts) return refuse("FORBIDDEN", "The receipt is not signed by the provider");
    for (const receipt of receipts.slice(0, mostAtOnce)) await receive(receipt);
    return new Response(null, { status: 204 });
  };
}

/** Providers that sign what they send, by their path, where what they sign it with is known. */
function listSigned(settings: Settings): Readonly<Record<string, ReadReceipts | undefined>> {
  const { TWILIO_AUTH_TOKEN: authToken, WHATSAPP_APP_SECRET: appSecret, WEBHOOK_SENDER_SECRET: secret } = settings;
  const statusCallback = receiptUrl(settings.PUBLIC_URL, "twilio");
  return Object.assign(Object.create(null), {
    ...(authToken &&
      statusCallback && {
        twilio: ({ body, header }: Sent) =>
          readTwilioReceipt({ body, signature: header("x-twilio-signature") }, { authToken, statusCallback }),
      }),
    ...(appSecret && {
      whatsapp: ({ body, header }: Sent) =>
        readWhatsAppReceipt({ body, signature: header("x-hub-signature-256") }, { appSecret }),
    }),
    ...(secret && {
      webhook: ({ body, header }: Sent) =>
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
  });
}

/** Providers that sign nothing. */
const bySecret: Readonly<Record<string, ReadReceipts | undefined>> = Object.assign(Object.create(null), {
  vonage: ({ body }: Sent) => readVonageReceipt(body),
  msg91: ({ body }: Sent) => readMsg91Receipt(body),
  http: ({ body }: Sent) => readPlainReceipt(body),
});

/** Meta asks once whether the address is meant, with a token of ours, and wants to read its challenge back. */
function confirmSubscription(query: URLSearchParams, settings: Settings): Response {
  const challenge = query.get("hub.challenge") ?? "";
  const isMeant =
    query.get("hub.mode") === "subscribe" && isEqual(query.get("hub.verify_token") ?? "", settings.RECEIPTS_SECRET);
  if (!isMeant || !/^[\w-]{1,200}$/.test(challenge)) return refuse("FORBIDDEN", "The token is not RECEIPTS_SECRET");
  return new Response(challenge, { headers: { "content-type": "text/plain; charset=utf-8" } });
}

const digest = (text: string) => createHash("sha256").update(text).digest();

/** In a time that tells nothing of the secret; nothing is equal to one that is not set. */
function isEqual(given: string, secret: string | undefined): boolean {
  return timingSafeEqual(digest(given), digest(secret ?? "")) && secret !== undefined;
}
