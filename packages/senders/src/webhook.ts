import { createHmac } from "node:crypto";
import type { Sender } from "@latchkey/auth";
import { SendError } from "@latchkey/auth";
import { callProvider, readPath, toSendError } from "./call-provider.ts";

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
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  if (key.length < 24 || key.length > 64) throw new RangeError("The webhook's secret is not 24 to 64 bytes in base64");
  return {
    async send(message, signal) {
      const body = JSON.stringify({ type: "message.requested", timestamp: now().toISOString(), data: message });
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
    },
  };
}

const idOf = (providerId: string | undefined) => (providerId === undefined ? {} : { providerId });
