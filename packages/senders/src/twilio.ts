import { createHmac } from "node:crypto";
import type { DeliveryReceipt, Message, Sender, SendRefusal } from "@latchkey/auth";
import { callProvider, readPath, refuseUnlessOk } from "./call-provider.ts";
import { isNoKey, isSignature, toReceipts } from "./receipts.ts";

export interface TwilioOptions {
  readonly accountSid: string;
  readonly authToken: string;
  /** A number of yours, or the SID of a messaging service (`MG…`). */
  readonly from: string;
  /** The public URL of the receipts: Twilio signs it, so it must be what Twilio calls. */
  readonly statusCallback?: string;
  readonly url?: string;
}

/** https://www.twilio.com/docs/api/errors */
const codes: Readonly<Record<string, SendRefusal>> = {
  "20003": "misconfigured",
  "20404": "misconfigured",
  "20429": "busy",
  "21211": "invalid_number",
  "21214": "invalid_number",
  "21217": "invalid_number",
  "21408": "rejected",
  "21606": "misconfigured",
  "21610": "unreachable",
  "21611": "busy",
  "21612": "unreachable",
  "21614": "invalid_number",
  "21659": "misconfigured",
  "30001": "busy",
};

/** Sends SMS by Twilio's Messages API. */
export function twilioSender(options: TwilioOptions): Sender {
  const { accountSid, authToken, from, statusCallback, url = "https://api.twilio.com" } = options;
  const authorization = `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString("base64")}`;
  const send = async ({ to, text }: Pick<Message, "to" | "text">, signal: AbortSignal) => {
    const form = new URLSearchParams({ To: to, Body: text });
    form.set(from.startsWith("MG") ? "MessagingServiceSid" : "From", from);
    if (statusCallback) form.set("StatusCallback", statusCallback);
    const headers = { authorization, "content-type": "application/x-www-form-urlencoded" };
    const path = `/2010-04-01/Accounts/${encodeURIComponent(accountSid)}/Messages.json`;
    const answer = await callProvider(`${url}${path}`, { headers, body: form.toString() }, signal);
    refuseUnlessOk(answer, { codePath: "code", codes });
    const providerId = readPath(answer.body, "sid");
    return providerId ? { providerId } : {};
  };
  return { send, sendNotice: send };
}

const states: Readonly<Record<string, DeliveryReceipt["state"]>> = {
  delivered: "delivered",
  undelivered: "failed",
  failed: "failed",
};

/** What a status callback of Twilio's tells, or null when Twilio has not signed it for `statusCallback`. */
export function readTwilioReceipt(
  { body, signature }: { readonly body: string; readonly signature: string | null },
  { authToken, statusCallback }: { readonly authToken: string; readonly statusCallback: string },
): readonly DeliveryReceipt[] | null {
  if (isNoKey(authToken)) return null;
  const form = new URLSearchParams(body);
  const sorted = [...form].sort(([a], [b]) => (a < b ? -1 : 1));
  const signed = statusCallback + sorted.map(([name, value]) => name + value).join("");
  const expected = createHmac("sha1", authToken).update(signed).digest();
  if (!isSignature(Buffer.from(signature ?? "", "base64"), expected)) return null;
  return toReceipts({ providerId: form.get("MessageSid"), state: form.get("MessageStatus") }, states);
}
