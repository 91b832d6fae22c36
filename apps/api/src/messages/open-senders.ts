import type { Sender, Senders } from "@latchkey/auth";
import { type ConsoleSender, consoleSender } from "@latchkey/senders/console";
import { httpSender, msg91, netgsm, vonage } from "@latchkey/senders/http";
import { twilioSender } from "@latchkey/senders/twilio";
import { webhookSender } from "@latchkey/senders/webhook";
import { whatsappSender } from "@latchkey/senders/whatsapp";
import { assignChannels, type MessageSettings, type SenderName } from "./message-settings.ts";
import { receiptUrl } from "./receipt-paths.ts";

/** Who sends by which channel, and what was printed instead where the console does. */
export interface OpenedSenders {
  readonly senders: Senders;
  readonly console: ConsoleSender | null;
}

export interface SenderOptions {
  /** Where the console's messages are printed. */
  readonly print?: (line: string) => void;
  /** The subject of an e-mail. */
  readonly subject: (locale: string) => string;
}

type Settings = MessageSettings & { readonly PUBLIC_URL?: string | undefined };

/** Opens what `MESSAGES` names. */
export async function openSenders(settings: Settings, options: SenderOptions): Promise<OpenedSenders> {
  const assigned = assignChannels(settings.MESSAGES);
  const opened = new Map<SenderName, Sender>();
  for (const name of settings.MESSAGES) opened.set(name, await openSender(name, settings, options));
  const entries = Object.entries(assigned).map(([channel, name]) => [channel, opened.get(name)]);
  return { senders: Object.fromEntries(entries) as Senders, console: findConsole(opened) };
}

function findConsole(opened: ReadonlyMap<SenderName, Sender>): ConsoleSender | null {
  return (opened.get("console") as ConsoleSender | undefined) ?? null;
}

/** Each of these settings is there by now where it is needed: the settings were checked together. */
async function openSender(name: SenderName, settings: Settings, options: SenderOptions): Promise<Sender> {
  const own = settings.SMS_API_URL && { url: settings.SMS_API_URL };
  switch (name) {
    case "console":
      return consoleSender(options.print && { print: options.print });
    case "webhook":
      return webhookSender({ url: settings.WEBHOOK_SENDER_URL ?? "", secret: settings.WEBHOOK_SENDER_SECRET ?? "" });
    case "http":
      if (!settings.HTTP_SENDER) throw new RangeError("HTTP_SENDER is missing");
      return httpSender(settings.HTTP_SENDER);
    case "netgsm": {
      const { NETGSM_USERNAME: username = "", NETGSM_PASSWORD: password = "", NETGSM_HEADER: header = "" } = settings;
      return httpSender(netgsm({ username, password, header, ...own }));
    }
    case "msg91": {
      const { MSG91_AUTH_KEY: authKey = "", MSG91_TEMPLATE_ID: templateId = "" } = settings;
      return httpSender(msg91({ authKey, templateId, ...own }));
    }
    case "vonage": {
      const { VONAGE_API_KEY: apiKey = "", VONAGE_API_SECRET: apiSecret = "", VONAGE_FROM: from = "" } = settings;
      return httpSender(vonage({ apiKey, apiSecret, from, ...own }));
    }
    case "twilio": {
      const {
        TWILIO_ACCOUNT_SID: accountSid = "",
        TWILIO_AUTH_TOKEN: authToken = "",
        TWILIO_FROM: from = "",
      } = settings;
      const statusCallback = receiptUrl(settings.PUBLIC_URL, "twilio");
      return twilioSender({ accountSid, authToken, from, ...(statusCallback && { statusCallback }), ...own });
    }
    case "whatsapp":
      return openWhatsApp(settings);
    case "smtp": {
      // Its library is loaded by nobody who sends no e-mail.
      const { smtpSender } = await import("@latchkey/senders/smtp");
      return smtpSender({ url: settings.SMTP_URL ?? "", from: settings.SMTP_FROM ?? "", subject: options.subject });
    }
  }
}

function openWhatsApp(settings: Settings): Sender {
  const { WHATSAPP_LANGUAGES: languages, WHATSAPP_API_URL: url } = settings;
  const [first = "en"] = languages;
  return whatsappSender({
    accessToken: settings.WHATSAPP_ACCESS_TOKEN ?? "",
    phoneNumberId: settings.WHATSAPP_PHONE_NUMBER_ID ?? "",
    template: settings.WHATSAPP_TEMPLATE ?? "",
    languages: { ...Object.fromEntries(languages.map((name) => [name.replace("_", "-"), name])), default: first },
    ...(url && { url }),
  });
}
