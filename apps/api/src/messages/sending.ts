import {
  type AuthOptions,
  type Channel,
  type MessageCatalogue,
  messageTexts,
  type Senders,
  StartError,
} from "@latchkey/auth";
import type { ConsoleSender } from "@latchkey/senders/console";
import { parsePublicUrl } from "@latchkey/server/internal";
import type { ConfigFile } from "../config-file.ts";
import type { Settings } from "../environment.ts";
import type { MessageLog } from "./message-log.ts";
import { assignChannels, type SenderName, toMessagesOption } from "./message-settings.ts";
import { openSenders } from "./open-senders.ts";
import { describeTextCosts, listTextCosts, warnOfLongTexts } from "./text-costs.ts";

/** Who sends by each channel: a name of `MESSAGES`, or `file` for a sender of the team's own. */
export type ChannelOwners = Partial<Readonly<Record<Channel, SenderName | "file">>>;

export interface Sending {
  readonly messages: NonNullable<AuthOptions["messages"]>;
  /** What was printed in place of being sent; null where everything is sent. */
  readonly console: ConsoleSender | null;
}

/**
 * Who sends what. A sender of the config file has its channel; `console` and `webhook` take what is left.
 *
 * @throws StartError when a channel has two senders that name it
 */
export function findChannelOwners(settings: Pick<Settings, "MESSAGES">, { path, config }: ConfigFile): ChannelOwners {
  const assigned = assignChannels(settings.MESSAGES);
  const own = Object.entries(config.messages?.senders ?? {}).flatMap(([channel, sender]) =>
    sender ? [channel as Channel] : [],
  );
  for (const channel of own) {
    const rival = assigned[channel];
    if (rival && rival !== "console" && rival !== "webhook")
      throw new StartError(`MESSAGES=${rival} and ${path} both send by ${channel}: leave one of them`);
  }
  return { ...assigned, ...Object.fromEntries(own.map((channel) => [channel, "file"])) };
}

/** Whether messages to phone numbers cost nothing, so that the rules against fraud only tell what they would refuse. */
export const isFree = ({ sms, whatsapp, email }: ChannelOwners): boolean =>
  [sms, whatsapp, email].every((owner) => owner === undefined || owner === "console");

/** What the core is told of messages by a process that sends none, such as a command. */
export function toMessages(settings: Settings, { config }: ConfigFile): Sending["messages"] {
  const { texts, limits } = config.messages ?? {};
  const own = settings.PUBLIC_URL && parsePublicUrl(settings.PUBLIC_URL);
  const notMeUrl = own ? `${own.href}/not-me` : undefined;
  return {
    ...toMessagesOption(settings),
    ...(notMeUrl && { notMeUrl }),
    ...(texts && { texts }),
    ...(limits && { limits }),
  };
}

/** What the core is told of them by the process that sends them. */
export async function openSending(settings: Settings, file: ConfigFile, log: MessageLog): Promise<Sending> {
  const owners = findChannelOwners(settings, file);
  const used = settings.MESSAGES.filter((name) => Object.values(owners).includes(name));
  const { catalogue, app } = toRendering(settings, file);
  const subject = (locale: string) => (catalogue[locale]?.subject ?? "{app}").replaceAll("{app}", () => app);
  const opened = await openSenders({ ...settings, MESSAGES: used }, { subject, print: log.print });
  const senders: Senders = { ...opened.senders, ...file.config.messages?.senders };
  const { onOutcome, onRefusal, onError } = log;
  const isEnforced = !isFree(owners);
  return {
    messages: {
      ...toMessages(settings, file),
      senders,
      isEnforced,
      onOutcome,
      onRefusal: onRefusal(isEnforced),
      onError,
    },
    console: opened.console,
  };
}

/** What an operator should know before anybody asks for a code, a line each. */
export interface MessageFindings {
  /** What cannot be meant, and what to do about it. */
  readonly warnings: readonly string[];
  /** What may be meant, and costs something. */
  readonly notes: readonly string[];
  /** What texts cost by SMS, a line for each language; none where nothing sends any that costs money. */
  readonly textCosts: readonly string[];
}

/** Looks over who sends what to whom, and what the texts cost. */
export function examineMessages(settings: Settings, file: ConfigFile): MessageFindings {
  const owners = findChannelOwners(settings, file);
  const nothingSends = "Nothing sends codes: MESSAGES names no sender. Asking for a code is answered with unavailable";
  const isPaid = owners.sms !== undefined && !isFree(owners);
  const costs = isPaid
    ? listTextCosts(toRendering(settings, file), { hasNotices: sendsNotices(settings, file, owners) })
    : [];
  return {
    warnings: findMessageWarnings(settings, owners),
    notes: [...(Object.keys(owners).length === 0 ? [nothingSends] : []), ...warnOfLongTexts(costs)],
    textCosts: describeTextCosts(costs),
  };
}

/** Whether notices go by SMS: what fills a code into a template sends none. */
function sendsNotices({ HTTP_SENDER }: Settings, { config }: ConfigFile, { sms }: ChannelOwners): boolean {
  if (sms === "file") return config.messages?.senders?.sms?.sendNotice !== undefined;
  return sms !== "msg91" && !(sms === "http" && JSON.stringify(HTTP_SENDER).includes("{code}"));
}

function findMessageWarnings(settings: Settings, owners: ChannelOwners): string[] {
  const { SIGN_IN_BY_CODE: byCode, MESSAGE_COUNTRIES, PHONE_DEFAULT_COUNTRY } = settings;
  const sendsToPhones = owners.sms !== undefined || owners.whatsapp !== undefined;
  const isCountryNamed = (MESSAGE_COUNTRIES ?? PHONE_DEFAULT_COUNTRY) !== undefined;
  return [
    (byCode === "phone" || byCode === "both") &&
      !sendsToPhones &&
      `SIGN_IN_BY_CODE=${byCode}, and nothing sends to phone numbers: name a sender in MESSAGES`,
    (byCode === "email" || byCode === "both") &&
      owners.email === undefined &&
      `SIGN_IN_BY_CODE=${byCode}, and nothing sends e-mail: MESSAGES=smtp does`,
    sendsToPhones &&
      !isFree(owners) &&
      !isCountryNamed &&
      "No country is sent messages: name some in MESSAGE_COUNTRIES, such as TR,DE",
  ].filter((line) => typeof line === "string");
}

/** How texts are made, as the core makes them. */
export function toRendering(settings: Settings, { config }: ConfigFile) {
  return {
    app: settings.MESSAGE_APP_NAME,
    catalogue: { ...messageTexts, ...config.messages?.texts } as MessageCatalogue,
    defaultLocale: settings.MESSAGE_LOCALE,
    origin: settings.SIGN_IN_ORIGIN,
    androidHash: settings.SIGN_IN_ANDROID_HASH,
  };
}
