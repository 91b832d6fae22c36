import { createHmac } from "node:crypto";
import type { DeliveryReceipt, Sender, SendRefusal } from "@latchkey/auth";
import { callProvider, readPath, refuseUnlessOk } from "./call-provider.ts";
import { isNoKey, isSignature, parseJson, toReceipts } from "./receipts.ts";

export interface WhatsAppOptions {
  readonly accessToken: string;
  /** Of the number that sends: Meta's id of it, no phone number. */
  readonly phoneNumberId: string;
  /** An authentication template with a button that copies the code. */
  readonly template: string;
  /** Languages of the template by those of messages, such as `{ "pt-BR": "pt_BR" }`; `en` unless said. */
  readonly languages?: Readonly<Record<string, string>>;
  readonly url?: string;
}

/** https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes */
const codes: Readonly<Record<string, SendRefusal>> = {
  "0": "misconfigured",
  "3": "misconfigured",
  "4": "busy",
  "10": "misconfigured",
  "190": "misconfigured",
  "80007": "busy",
  "130429": "busy",
  "131000": "busy",
  "131016": "busy",
  "131026": "unreachable",
  "131030": "misconfigured",
  "131031": "misconfigured",
  "131042": "misconfigured",
  "131048": "busy",
  "131056": "busy",
  "132000": "misconfigured",
  "132001": "misconfigured",
  "133010": "misconfigured",
};

/** Sends by WhatsApp's Cloud API. A person without WhatsApp is `unreachable`, and the code goes by SMS where there is a sender for it. */
export function whatsappSender(options: WhatsAppOptions): Sender {
  const { accessToken, phoneNumberId, template, languages = {}, url = "https://graph.facebook.com/v23.0" } = options;
  return {
    async send({ to, code, locale }, signal) {
      const parameters = [{ type: "text", text: code }];
      const body = JSON.stringify({
        messaging_product: "whatsapp",
        recipient_type: "individual",
        to: to.replace(/^\+/, ""),
        type: "template",
        template: {
          name: template,
          language: { code: languages[locale] ?? languages.default ?? "en" },
          components: [
            { type: "body", parameters },
            { type: "button", sub_type: "url", index: "0", parameters },
          ],
        },
      });
      const headers = { authorization: `Bearer ${accessToken}`, "content-type": "application/json" };
      const answer = await callProvider(
        `${url}/${encodeURIComponent(phoneNumberId)}/messages`,
        { headers, body },
        signal,
      );
      refuseUnlessOk(answer, { codePath: "error.code", codes });
      const providerId = readPath(answer.body, "messages.0.id");
      return providerId ? { providerId } : {};
    },
  };
}

const states: Readonly<Record<string, DeliveryReceipt["state"]>> = {
  delivered: "delivered",
  read: "delivered",
  failed: "failed",
};

/** What Meta tells of messages, or null when it has not signed it with the app's secret. */
export function readWhatsAppReceipt(
  { body, signature }: { readonly body: string; readonly signature: string | null },
  { appSecret }: { readonly appSecret: string },
): readonly DeliveryReceipt[] | null {
  if (isNoKey(appSecret)) return null;
  const expected = createHmac("sha256", appSecret).update(body).digest();
  if (!isSignature(Buffer.from((signature ?? "").replace(/^sha256=/, ""), "hex"), expected)) return null;
  const statuses = listIn(listIn(listIn(parseJson(body), "entry"), "changes"), "value", "statuses");
  return statuses.flatMap((status) =>
    toReceipts({ providerId: readPath(status, "id"), state: readPath(status, "status") }, states),
  );
}

/**
 * What Meta asks once when the address of receipts is entered: its challenge, to be answered as text, or null where it does not know the token
 * that was entered with it.
 */
export function readWhatsAppSubscription(
  query: URLSearchParams,
  { verifyToken }: { readonly verifyToken: string },
): string | null {
  const [given, wanted] = [query.get("hub.verify_token") ?? "", verifyToken].map((text) =>
    createHmac("sha256", "verify token").update(text).digest(),
  ) as [Buffer, Buffer];
  const challenge = query.get("hub.challenge") ?? "";
  const isMeant = verifyToken !== "" && query.get("hub.mode") === "subscribe" && isSignature(given, wanted);
  return isMeant && /^[\w-]{1,200}$/.test(challenge) ? challenge : null;
}

/** The items of the lists that each of `from` has at `path`. */
function listIn(from: unknown, ...path: readonly string[]): readonly unknown[] {
  return (Array.isArray(from) ? from : [from]).flatMap((item: unknown) => {
    const list = path.reduce<unknown>(
      (at, key) => (typeof at === "object" && at !== null ? Reflect.get(at, key) : undefined),
      item,
    );
    return Array.isArray(list) ? list : [];
  });
}
