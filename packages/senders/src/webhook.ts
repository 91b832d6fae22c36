import { createHmac } from "node:crypto";
import type { DeliverWebhook, DeliveryReceipt, Message, NoticeMessage, Sender } from "@latchkey/auth";
import { SendError } from "@latchkey/auth";
import { callProvider, readPath, toSendError } from "./call-provider.ts";
import { readPlainReceipt } from "./http.ts";
import { isNoKey, isSignature } from "./receipts.ts";
import { sayWhy } from "./say-why.ts";

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
  const key = toStrongKey(secret);
  const send = async (type: string, message: Message | NoticeMessage, signal: AbortSignal) => {
    const body = JSON.stringify({ type, timestamp: now().toISOString(), data: message });
    const headers = sign({ id: message.id, body }, { keys: [key], now: now() });
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

export interface WebhookEndpointOptions {
  readonly url: string;
  /** Written like the secret of messages. Several while one takes another's place: each signs, and the receiver needs to know one of them. */
  readonly secrets: readonly [string, ...string[]];
  readonly now?: () => Date;
}

/**
 * Hands what happens to people to an endpoint of your own, signed as https://www.standardwebhooks.com says. It answers 2xx, whatever else.
 * A redirect is a failure, and nothing of the answer is read but its status.
 *
 * @throws RangeError when a secret is none
 */
export function webhookEndpoint({ url, secrets, now = () => new Date() }: WebhookEndpointOptions): DeliverWebhook {
  const keys = secrets.map(toStrongKey);
  return async ({ id, body }, signal) => {
    const headers = sign({ id, body }, { keys, now: now() });
    const response = await fetch(url, { method: "POST", headers, body, redirect: "manual", signal }).catch((error) => {
      throw sayWhy(error);
    });
    await response.body?.cancel();
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
  };
}

interface Signing {
  readonly keys: readonly Uint8Array[];
  readonly now: Date;
}

/** The headers of Standard Webhooks. */
function sign({ id, body }: { readonly id: string; readonly body: string }, { keys, now }: Signing) {
  const timestamp = String(Math.floor(now.getTime() / 1000));
  const signed = keys.map((key) => createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64"));
  return {
    "content-type": "application/json",
    "webhook-id": id,
    "webhook-timestamp": timestamp,
    "webhook-signature": signed.map((signature) => `v1,${signature}`).join(" "),
  };
}

function toStrongKey(secret: string): Uint8Array {
  const key = toKey(secret);
  if (key.length < 24 || key.length > 64) throw new RangeError("The webhook's secret is not 24 to 64 bytes in base64");
  return key;
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
  const key = toKey(secret);
  if (isNoKey(key)) return null;
  const age = Math.abs(now().getTime() / 1000 - Number(timestamp ?? Number.NaN));
  const expected = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest();
  const given = (signature ?? "").split(" ").slice(0, 5);
  const isSigned = given
    .map((one) => one.startsWith("v1,") && isSignature(Buffer.from(one.slice(3), "base64"), expected))
    .includes(true);
  return isSigned && age <= tolerance ? readPlainReceipt(body) : null;
}

const idOf = (providerId: string | undefined) => (providerId === undefined ? {} : { providerId });
