import { isSupportedCountry } from "libphonenumber-js/max";
import { z } from "zod";
import type { Clock } from "../clock.ts";
import { defaultLimits, type FirewallLimits, type FirewallRule } from "./firewall-rules.ts";
import type { SendOutcome } from "./outbox.ts";
import type { Senders } from "./sender.ts";
import type { TestNumber } from "./test-numbers.ts";
import { type MessageCatalogue, messageTexts, type RenderOptions } from "./texts.ts";

const count = z.int().min(0).max(1_000_000);
const line = z.string().min(1).max(255);

const isSenders = (value: unknown) =>
  typeof value === "object" &&
  value !== null &&
  Object.entries(value).every(
    ([channel, sender]) =>
      ["sms", "whatsapp", "email"].includes(channel) &&
      (sender === undefined || (typeof sender === "object" && typeof sender?.send === "function")),
  );

/** What is said beside the finer limits. */
const coarse = ["countries", "perDay", "launchBudget", "emailsPerDay"] as const;

/** The finer limits of the rules against fraud, each of which has a default. */
type LimitsOption = Omit<FirewallLimits, (typeof coarse)[number]>;

const limitNames = Object.keys(defaultLimits).filter(
  (name) => !(coarse as readonly string[]).includes(name),
) as (keyof LimitsOption)[];

const isLimits = (value: unknown) =>
  typeof value === "object" &&
  value !== null &&
  Object.entries(value).every(
    ([name, limit]) =>
      limitNames.includes(name as keyof LimitsOption) &&
      typeof limit === "number" &&
      Number.isFinite(limit) &&
      limit >= 0,
  );

/** E.164 with a code of six or ten digits. */
const testNumber = z.strictObject({
  number: z.string().regex(/^\+[1-9][0-9]{6,14}$/, "is not written like +905550000001"),
  code: z.string().regex(/^([0-9]{6}|[0-9]{10})$/, "is not six or ten digits"),
});

/** What the option `messages` may say. */
export const messagesOption = z.strictObject({
  /**
   * Who sends what: `{ sms, whatsapp, email }`, each a {@link Sender}. A code for a phone number goes by WhatsApp where there is a sender for
   * it, and by SMS otherwise or when WhatsApp fails. Without any, what would send a code is refused as `unavailable`.
   *
   * While there is one, a worker of this process sends what is due from `initialize()` to `close()`: a program that opens the core for
   * one command hands over none.
   */
  senders: z.custom<Senders>(isSenders, "is not senders by channel: sms, whatsapp, email").default({}),
  /** ISO 3166-1 alpha-2 codes of the countries whose numbers are sent messages; `phones.defaultCountry` alone unless said. */
  countries: z.array(z.string().refine(isSupportedCountry, "is not a country")).max(250).optional(),
  /** Messages to phone numbers in a day, in all: what fraud can cost at most. */
  perDay: count.default(defaultLimits.perDay),
  /** Messages that each day's and country's budget has besides, until a time: for the day of a launch. */
  launchBudget: z.strictObject({ messages: count, until: z.date() }).optional(),
  /** E-mail messages in a day, in all. */
  emailsPerDay: count.default(defaultLimits.emailsPerDay),
  /** Notices in a day by SMS, in all, and ten times as many by e-mail: what people are told of their own accounts has a budget of its own, and goes to any country. */
  noticesPerDay: count.default(1_000),
  /** The finer limits of the rules against fraud: see `FirewallLimits`. */
  limits: z.custom<Partial<LimitsOption>>(isLimits, "holds a limit that there is not").default({}),
  /**
   * False for senders that cost nothing, such as the console's: what the rules would refuse is told to `onRefusal`, and sent. Numbers that are
   * not mobile numbers, and countries that are not named, are then sent to as well.
   */
  isEnforced: z.boolean().default(true),
  /** Numbers of reviewers and automated tests with their fixed codes. They send nothing, and end at a time. */
  testNumbers: z.strictObject({ numbers: z.array(testNumber).max(100), until: z.date() }).optional(),
  /** What the texts call the service. */
  app: line.default("Latchkey"),
  /** Texts by language beside or instead of the built-in ones. */
  texts: z.custom<MessageCatalogue>((value) => typeof value === "object" && value !== null).default({}),
  /** The language of people of whom nobody knows theirs. */
  defaultLocale: z.string().min(2).max(35).default("en"),
  /** The origin at which people sign in, such as `https://shop.example`, for browsers that fill codes in from an SMS. */
  origin: z.url().optional(),
  /** The page on which people stop what was not them, such as `https://auth.example.com/not-me`; e-mails that tell of a reset or a change name it. */
  notMeUrl: z.url().optional(),
  /** The eleven characters by which Android's SMS Retriever knows your app. */
  androidHash: z.string().length(11).optional(),
  /** The name of the setting by which senders are chosen, for the log line that says that one is missing. */
  senderSetting: line.default("messages.senders"),
  /** Told what became of each try to send; it holds no number, address or code. */
  onOutcome: z.custom<(outcome: SendOutcome) => void>((value) => typeof value === "function").optional(),
  /** Told each message that the rules refused, or would have where they are not enforced. */
  onRefusal: z
    .custom<(rule: FirewallRule, country: string | null) => void>((value) => typeof value === "function")
    .optional(),
  /** Told when the outbox could not be read or written; it is tried again. */
  onError: z.custom<(error: unknown) => void>((value) => typeof value === "function").optional(),
});

export type MessagesOption = z.output<typeof messagesOption>;

/** The limits of messages; of the launch's, as they are at this moment. */
export function toFirewallLimits(
  { countries, perDay, launchBudget, emailsPerDay, limits }: MessagesOption,
  { defaultCountry, clock }: { readonly defaultCountry: string | undefined; readonly clock: Clock },
): FirewallLimits {
  return {
    ...defaultLimits,
    ...limits,
    countries: countries ?? (defaultCountry === undefined ? [] : [defaultCountry]),
    perDay,
    emailsPerDay,
    get launchBudget() {
      return launchBudget && clock.now() < launchBudget.until ? launchBudget.messages : 0;
    },
  };
}

/** How texts are made. */
export function toRenderOptions(option: MessagesOption): RenderOptions {
  const { app, texts, defaultLocale, origin, androidHash, notMeUrl } = option;
  return { app, catalogue: { ...messageTexts, ...texts }, defaultLocale, origin, androidHash, notMeUrl };
}

/** The test numbers that are good at this moment, each with its code. */
export function readTestNumbers({ testNumbers }: MessagesOption, now: Date): readonly TestNumber[] {
  return testNumbers && now < testNumbers.until ? testNumbers.numbers : [];
}
