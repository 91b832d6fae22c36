import {
  countSegments,
  type DeliveryReceipt,
  type Message,
  SendError,
  type Sender,
  type SendRefusal,
} from "@latchkey/auth";
import { callProvider, readPath, toSendError } from "./call-provider.ts";
import { parseJson, toReceipts } from "./receipts.ts";

/** A value of a template: in its texts `{to}`, `{digits}`, `{text}`, `{code}`, `{id}` and `{locale}` are filled in. */
export type Template = string | number | boolean | null | readonly Template[] | { readonly [key: string]: Template };

type Body = { readonly [key: string]: Template };

export interface HttpOptions {
  readonly url: string;
  readonly method?: "POST" | "PUT";
  readonly headers?: Readonly<Record<string, string>>;
  /** How the body is written. A form has texts only. */
  readonly format: "json" | "form";
  /** The body, or how it is made for a message. */
  readonly body: Body | ((message: Sent) => Body);
  /** Where the answer names the message, such as `messages.0.id`. */
  readonly providerId?: string;
  /** Where the answer says whether it went well, for providers that answer 200 to everything. */
  readonly result?: {
    readonly path: string;
    readonly ok: readonly string[];
    /** What other values mean; `rejected` for those not named. */
    readonly refusals?: Readonly<Record<string, SendRefusal>>;
  };
}

/**
 * Sends by any provider that has an HTTP API: URL, headers and a template.
 *
 * @example
 * httpSender({ url: "https://sms.example/send", format: "form", body: { to: "{digits}", message: "{text}" } });
 */
export function httpSender(options: HttpOptions): Sender {
  const { url, method = "POST", headers = {}, format, result } = options;
  const send = async (message: Sent, signal: AbortSignal) => {
    const template = typeof options.body === "function" ? options.body(message) : options.body;
    const filled = fill(template, valuesOf(message));
    const body = format === "json" ? JSON.stringify(filled) : toForm(filled);
    const type = format === "json" ? "application/json" : "application/x-www-form-urlencoded";
    const answer = await callProvider(url, { method, headers: { "content-type": type, ...headers }, body }, signal);
    const value = result && readPath(answer.body, result.path);
    const known = value === undefined ? undefined : result?.refusals?.[value];
    const detail = `HTTP ${answer.status}${value === undefined ? "" : `, ${result?.path} ${value}`}`;
    if (known) throw new SendError(known, detail);
    if (answer.status < 200 || answer.status >= 300) throw toSendError(answer.status, detail);
    // An answer without the value that it should have is nonsense, and may be another one later.
    if (result && value === undefined) throw new SendError("busy", detail);
    if (result && !result.ok.includes(value ?? "")) throw new SendError("rejected", detail);
    const providerId = options.providerId && readPath(answer.body, options.providerId);
    return providerId ? { providerId } : {};
  };
  // A template with a code in it is for codes: a notice has none.
  const sendsCodes = JSON.stringify(toTemplate(options.body)).includes("{code}");
  return sendsCodes ? { send } : { send, sendNotice: (notice, signal) => send({ ...notice, code: "" }, signal) };
}

/** What of a message, or of a notice, a body is made of. */
type Sent = Pick<Message, "id" | "channel" | "to" | "text" | "code" | "locale">;

const sample: Sent = { id: "", channel: "sms", to: "", text: "", code: "{code}", locale: "en" };
const toTemplate = (body: HttpOptions["body"]) => (typeof body === "function" ? body(sample) : body);

type Values = Readonly<Record<string, string>>;

const valuesOf = ({ to, text, code, id, locale }: Sent): Values => ({
  to,
  digits: to.replace(/^\+/, ""),
  text,
  code,
  id,
  locale,
});

function fill(template: Template, values: Values): Template {
  if (typeof template === "string")
    return template.replace(/\{(to|digits|text|code|id|locale)\}/g, (_, name: string) => values[name] ?? "");
  if (Array.isArray(template)) return template.map((item: Template) => fill(item, values));
  if (typeof template !== "object" || template === null) return template;
  return Object.fromEntries(Object.entries(template).map(([key, value]) => [key, fill(value, values)]));
}

function toForm(body: Template): string {
  return new URLSearchParams(Object.entries(body ?? {}).map(([key, value]) => [key, String(value)])).toString();
}

/** Netgsm (Turkey), its API for codes. Its result is 00 also where HTTP says 200 to a refusal. */
export function netgsm(account: { username: string; password: string; header: string; url?: string }): HttpOptions {
  const { username, password, header, url = "https://api.netgsm.com.tr/sms/rest/v2/otp" } = account;
  return {
    url,
    format: "json",
    headers: { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}` },
    body: { msgheader: header, msg: "{text}", no: "{digits}" },
    providerId: "jobid",
    result: {
      path: "code",
      ok: ["00"],
      refusals: {
        "20": "rejected",
        "30": "misconfigured",
        "40": "misconfigured",
        "41": "misconfigured",
        "50": "invalid_number",
        "51": "invalid_number",
        "52": "invalid_number",
        "60": "misconfigured",
        "70": "rejected",
        "80": "busy",
        "100": "busy",
      },
    },
  };
}

/** MSG91 (India), with a template that India's DLT rules ask for; its variable is `code`. */
export function msg91(account: { authKey: string; templateId: string; url?: string }): HttpOptions {
  const { authKey, templateId, url = "https://control.msg91.com/api/v5/flow" } = account;
  return {
    url,
    format: "json",
    headers: { authkey: authKey },
    body: { template_id: templateId, short_url: "0", recipients: [{ mobiles: "{digits}", code: "{code}" }] },
    providerId: "message",
    result: { path: "type", ok: ["success"], refusals: { error: "rejected" } },
  };
}

/** Vonage's SMS API. */
export function vonage(account: { apiKey: string; apiSecret: string; from: string; url?: string }): HttpOptions {
  const { apiKey, apiSecret, from, url = "https://rest.nexmo.com/sms/json" } = account;
  return {
    url,
    format: "form",
    body: ({ text }) => ({
      ...{ api_key: apiKey, api_secret: apiSecret, from, to: "{digits}", text: "{text}" },
      // As Unicode, a text of the GSM alphabet would cost as much as one of less than half its length.
      type: countSegments(text).encoding === "GSM-7" ? "text" : "unicode",
    }),
    providerId: "messages.0.message-id",
    result: {
      path: "messages.0.status",
      ok: ["0"],
      refusals: {
        "1": "busy",
        "2": "misconfigured",
        "3": "invalid_number",
        "4": "misconfigured",
        "5": "busy",
        "6": "invalid_number",
        "7": "rejected",
        "8": "misconfigured",
        "9": "misconfigured",
        "15": "misconfigured",
      },
    },
  };
}

/** What is told of a message in our own words: `{ "providerId": …, "state": "delivered" }` or `"failed"`. */
export function readPlainReceipt(body: string): readonly DeliveryReceipt[] {
  const receipt = parseJson(body);
  const [providerId, state] = [readPath(receipt, "providerId"), readPath(receipt, "state")];
  return toReceipts({ providerId, state }, { delivered: "delivered", failed: "failed" });
}

const vonageStates: Readonly<Record<string, DeliveryReceipt["state"]>> = {
  delivered: "delivered",
  expired: "failed",
  failed: "failed",
  rejected: "failed",
};

/** What Vonage tells of a message, as JSON or as a form. */
export function readVonageReceipt(body: string): readonly DeliveryReceipt[] {
  const receipt = parseJson(body) ?? Object.fromEntries(new URLSearchParams(body));
  return toReceipts({ providerId: readPath(receipt, "messageId"), state: readPath(receipt, "status") }, vonageStates);
}

/** 1 is delivered; 2 failed, 9 is on the register of those who want none, 16 and 17 were rejected and blocked. */
const msg91States: Readonly<Record<string, DeliveryReceipt["state"]>> = {
  "1": "delivered",
  "2": "failed",
  "9": "failed",
  "16": "failed",
  "17": "failed",
};

/** What MSG91 tells of messages: a form whose field `data` is a list in JSON. */
export function readMsg91Receipt(body: string): readonly DeliveryReceipt[] {
  const requests = parseJson(new URLSearchParams(body).get("data") ?? body);
  if (!Array.isArray(requests)) return [];
  return requests.flatMap((request: unknown) =>
    toReceipts(
      { providerId: readPath(request, "requestId"), state: readPath(request, "report.0.status") },
      msg91States,
    ),
  );
}
