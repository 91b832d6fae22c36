import { createHmac } from "node:crypto";
import type { DeliveryReceipt, Message, NoticeMessage, Sender } from "@latchkey/auth";
import { SendError } from "@latchkey/auth";
import { callProvider, readPath, toSendError } from "./call-provider.ts";
import { readPlainReceipt } from "./http.ts";
import { isSignature } from "./receipts.ts";

export interface WebhookOptions {
  readonly url: string;
  /** `whsec_` and base64 of 24 to 64 random bytes, as Standard Webhooks writes it. */
  readonly secret: string;
  readonly now?: () => Date;
}

const refusals = ["invalid_number", "unreachable", "rejected", "busy", "misconfigured"] as const;

/**
 * Hands each message to an endpoint of your own, signed as https://www.standardwebhooks.com says. It answers 2xx, with
 * `{ "providerId": … }` if it likes, or any other status with `{ "refusal": "invalid_number" }` and its like.
 *
 * @throws RangeError when the secret is none
 */
export function webhookSender({ url, secret, now = () => new Date() }: WebhookOptions): Sender {
  const key = toKey(secret);
  if (key.length < 24 || key.length > 64) throw new RangeError("The webhook's secret is not 24 to 64 bytes in base64");
  const send = async (type: string, message: Message | NoticeMessage, signal: AbortSignal) => {
    const body = JSON.stringify({ type, timestamp: now().toISOString(), data: message });
    const timestamp = String(Math.floor(now().getTime() / 1000));
    const signature = createHmac("sha256", key).update(`${message.id}.${timestamp}.${body}`).digest("base64");
    const headers = {
      "content-type": "application/json",
      "webhook-id": message.id,
      "webhook-timestamp": timestamp,
      "webhook-signature": `v1,${signature}`,
    };
    const answer = await callProvider(url, { headers, body }, signal);
    const refusal = refusals.find((known) => known === readPath(answer.body, "refusal"));
    if (answer.status >= 200 && answer.status < 300 && !refusal) return idOf(readPath(answer.body, "providerId"));
    const detail = `HTTP ${answer.status}`;
    throw refusal ? new SendError(refusal, detail) : toSendError(answer.status, detail);
  };
  return {
    send: (message, signal) => send("message.requested", message, signal),
    sendNotice: (notice, signal) => send("notice.requested", notice, signal),
  };
}

const toKey = (secret: string) => Buffer.from(secret.replace(/^whsec_/, ""), "base64");

/** Seconds by which the time of a receipt may be off, as Standard Webhooks proposes. */
const tolerance = 300;

/** A receipt as it came, with the three headers of Standard Webhooks. */
export interface SignedReceipt {
  readonly body: string;
  readonly id: string | null;
  readonly timestamp: string | null;
  readonly signature: string | null;
}

/**
 * What your endpoint tells of a message, as `{ "providerId": …, "state": "delivered" }` or `"failed"`, signed with the same secret as
 * messages are; null when it is not, or was signed more than five minutes ago.
 */
export function readWebhookReceipt(
  { body, id, timestamp, signature }: SignedReceipt,
  { secret, now = () => new Date() }: Pick<WebhookOptions, "secret" | "now">,
): readonly DeliveryReceipt[] | null {
  const age = Math.abs(now().getTime() / 1000 - Number(timestamp ?? Number.NaN));
  const expected = createHmac("sha256", toKey(secret)).update(`${id}.${timestamp}.${body}`).digest();
  const given = (signature ?? "").split(" ").slice(0, 5);
  const isSigned = given
    .map((one) => one.startsWith("v1,") && isSignature(Buffer.from(one.slice(3), "base64"), expected))
    .includes(true);
  return isSigned && age <= tolerance ? readPlainReceipt(body) : null;
}

const idOf = (providerId: string | undefined) => (providerId === undefined ? {} : { providerId });
