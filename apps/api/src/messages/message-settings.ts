import type { AuthOptions, CountryCode } from "@latchkey/auth";
import { isCountryCode, parseTestNumbers } from "@latchkey/auth/internal";
import { isLoopback } from "@latchkey/server/internal";
import { z } from "zod";
import { duration, integer, isUntrimmed, strongSecret, time, untrimmed } from "../setting-formats.ts";
import { httpTemplate } from "./http-template.ts";

/** What `MESSAGES` can name, each with the channel that it sends by; `console` and `webhook` send whatever is left. */
const channels = {
  console: null,
  webhook: null,
  http: "sms",
  netgsm: "sms",
  msg91: "sms",
  vonage: "sms",
  twilio: "sms",
  whatsapp: "whatsapp",
  smtp: "email",
} as const;

export type SenderName = keyof typeof channels;

const senderNames = Object.keys(channels) as SenderName[];

/** The settings that a sender cannot do without. */
const needs: Readonly<Record<SenderName, readonly (keyof typeof messageSettings)[]>> = {
  console: [],
  webhook: ["WEBHOOK_SENDER_URL", "WEBHOOK_SENDER_SECRET"],
  http: ["HTTP_SENDER"],
  netgsm: ["NETGSM_USERNAME", "NETGSM_PASSWORD", "NETGSM_HEADER"],
  msg91: ["MSG91_AUTH_KEY", "MSG91_TEMPLATE_ID"],
  vonage: ["VONAGE_API_KEY", "VONAGE_API_SECRET", "VONAGE_FROM"],
  twilio: ["TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_FROM"],
  whatsapp: ["WHATSAPP_ACCESS_TOKEN", "WHATSAPP_PHONE_NUMBER_ID", "WHATSAPP_TEMPLATE"],
  smtp: ["SMTP_URL", "SMTP_FROM"],
};

const listOf = (value: string) => value.split(",").map((item) => item.trim());

const senderList = z.string().transform((value, context): readonly SenderName[] => {
  const names = value === "off" ? [] : listOf(value);
  const known = senderNames.filter((name) => names.includes(name));
  if (known.length === names.length) return known;
  context.addIssue(`must be off, or some of ${senderNames.join(", ")}, each once, with commas between them`);
  return z.NEVER;
});

const countryList = z.string().transform((value, context): readonly CountryCode[] => {
  const codes = listOf(value.toUpperCase());
  if (codes.every(isCountryCode)) return codes;
  context.addIssue("must be countries' two letters, such as TR,DE");
  return z.NEVER;
});

const testNumbers = z.string().transform((value, context) => {
  try {
    return parseTestNumbers(value);
  } catch (error) {
    context.addIssue(`cannot be read: ${error instanceof Error ? error.message : ""}`);
    return z.NEVER;
  }
});

const text = z.string().max(255);

/** What a provider hands out, which is as strong as the provider makes it. */
const providerSecret = z
  .string()
  .max(4_096)
  .refine((value) => !isUntrimmed(value), untrimmed);

export const providerUrl = z
  .string()
  .refine(
    (value) =>
      URL.canParse(value) &&
      (value.startsWith("https://") || (value.startsWith("http://") && isLoopback(new URL(value).origin))),
    "must begin with https://; http:// is for this machine alone",
  );

/** RFC 6454's origin, as browsers compare it with the one that a page has. */
const signInOrigin = providerUrl.refine(
  (value) => URL.canParse(value) && new URL(value).origin === value,
  "must be an origin such as https://shop.example, with nothing behind it",
);

export const webhookSecret = providerSecret.refine((value) => {
  const { length } = Buffer.from(value.replace(/^whsec_/, ""), "base64");
  return length >= 24 && length <= 64;
}, `must be 24 to 64 random bytes in base64; make one with: node -p '"whsec_" + crypto.randomBytes(32).toString("base64")'`);

const smtpUrl = providerSecret.refine(
  (value) => /^smtps?:\/\//.test(value) && URL.canParse(value),
  "must look like smtps://user:password@mail.example.com",
);

const metaLanguages = z.string().transform((value, context): readonly string[] => {
  const languages = listOf(value);
  if (languages.every((language) => /^[a-z]{2,3}(_[A-Za-z]{2,4})?$/.test(language))) return languages;
  context.addIssue("must be the template's languages as Meta writes them, such as en,pt_BR; the first is the default");
  return z.NEVER;
});

/** The settings of messages and codes, by their names in the environment. */
export const messageSettings = {
  MESSAGES: senderList.optional(),
  MESSAGE_COUNTRIES: countryList.optional(),
  MESSAGES_PER_DAY: integer(0, 1_000_000).default(1_000),
  EMAILS_PER_DAY: integer(0, 1_000_000).default(10_000),
  NOTICES_PER_DAY: integer(0, 1_000_000).default(1_000),
  LAUNCH_BUDGET: integer(0, 1_000_000).optional(),
  LAUNCH_BUDGET_UNTIL: time.optional(),
  MESSAGE_APP_NAME: z.string().min(1).max(40).default("Latchkey"),
  MESSAGE_LOCALE: z
    .string()
    .regex(/^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$/, "must be a language such as tr or pt-BR")
    .default("en"),
  SIGN_IN_ORIGIN: signInOrigin.optional(),
  SIGN_IN_ANDROID_HASH: z
    .string()
    .regex(/^[A-Za-z0-9+/]{11}$/, "must be the 11 characters of the app's hash")
    .optional(),
  SIGN_IN_BY_CODE: z.enum(["off", "phone", "email", "both"]).optional(),
  HOLDERS_BY_CODE: z.enum(["yes", "no"]).default("no"),
  LAST_GUESS_AT_CODES: z.enum(["yes", "no"]).default("no"),
  PHONE_TRUST: duration("1d", "400d").default(40 * 86_400),
  NUMBER_ONLY: z.enum(["on", "off"]).default("on"),
  NUMBER_ONLY_TRUST: duration("1d", "800d").default(180 * 86_400),
  TEST_NUMBERS: testNumbers.optional(),
  TEST_NUMBERS_UNTIL: time.optional(),
  RECEIPTS_SECRET: strongSecret.optional(),
  SMS_API_URL: providerUrl.optional(),
  WEBHOOK_SENDER_URL: providerUrl.optional(),
  WEBHOOK_SENDER_SECRET: webhookSecret.optional(),
  HTTP_SENDER: httpTemplate.optional(),
  NETGSM_USERNAME: text.optional(),
  NETGSM_PASSWORD: providerSecret.optional(),
  NETGSM_HEADER: text.optional(),
  MSG91_AUTH_KEY: providerSecret.optional(),
  MSG91_TEMPLATE_ID: text.optional(),
  VONAGE_API_KEY: text.optional(),
  VONAGE_API_SECRET: providerSecret.optional(),
  VONAGE_FROM: text.optional(),
  TWILIO_ACCOUNT_SID: text.optional(),
  TWILIO_AUTH_TOKEN: providerSecret.optional(),
  TWILIO_FROM: text.optional(),
  WHATSAPP_ACCESS_TOKEN: providerSecret.optional(),
  WHATSAPP_PHONE_NUMBER_ID: text.optional(),
  WHATSAPP_TEMPLATE: text.optional(),
  WHATSAPP_LANGUAGES: metaLanguages.default(["en"]),
  WHATSAPP_APP_SECRET: providerSecret.optional(),
  WHATSAPP_API_URL: providerUrl.optional(),
  SMTP_URL: smtpUrl.optional(),
  SMTP_FROM: text.optional(),
};

/** Those of them that are secrets. Test numbers are: whoever knows one and its code is signed in. */
export const messageSecrets = [
  "TEST_NUMBERS",
  "RECEIPTS_SECRET",
  "WEBHOOK_SENDER_SECRET",
  "HTTP_SENDER",
  "NETGSM_PASSWORD",
  "MSG91_AUTH_KEY",
  "VONAGE_API_SECRET",
  "TWILIO_AUTH_TOKEN",
  "WHATSAPP_ACCESS_TOKEN",
  "WHATSAPP_APP_SECRET",
  "SMTP_URL",
] as const satisfies readonly (keyof typeof messageSettings)[];

/** The settings that messages depend on, as they are used. */
export type MessageSettings = Omit<z.output<z.ZodObject<typeof messageSettings>>, "MESSAGES"> & {
  readonly MESSAGES: readonly SenderName[];
};

type Variables = Readonly<Record<string, string | undefined>>;

/** What of these settings cannot go together, a line each that says what to do. */
export function findMessageContradictions(given: Variables, isProduction: boolean): string[] {
  const named = senderNames.filter((name) => listOf(given.MESSAGES ?? "").includes(name));
  return [
    isProduction &&
      named.includes("console") &&
      "MESSAGES=console prints codes and sends nothing, which is refused in production: name a sender, such as MESSAGES=twilio, or MESSAGES=off",
    ...findRivals(named),
    ...named.map((name) => {
      const missing = needs[name].filter((setting) => !given[setting]);
      return missing.length > 0 && `MESSAGES=${name} needs ${missing.join(" and ")}`;
    }),
    given.LAUNCH_BUDGET && !given.LAUNCH_BUDGET_UNTIL && "LAUNCH_BUDGET needs LAUNCH_BUDGET_UNTIL, the time of its end",
    given.LAUNCH_BUDGET_UNTIL && !given.LAUNCH_BUDGET && "LAUNCH_BUDGET_UNTIL needs LAUNCH_BUDGET",
    given.TEST_NUMBERS && !given.TEST_NUMBERS_UNTIL && "TEST_NUMBERS needs TEST_NUMBERS_UNTIL, the time of their end",
    given.TEST_NUMBERS_UNTIL && !given.TEST_NUMBERS && "TEST_NUMBERS_UNTIL needs TEST_NUMBERS",
  ].filter((problem) => typeof problem === "string");
}

/** Senders of which only one can have a channel. */
function findRivals(named: readonly SenderName[]): string[] {
  return (["sms", null] as const).flatMap((channel) => {
    const rivals = named.filter((name) => channels[name] === channel);
    const what = channel === null ? "senders for everything" : `senders for ${channel}`;
    return rivals.length > 1 ? `MESSAGES names two ${what}, ${rivals.join(" and ")}: leave one of them` : [];
  });
}

/** The sender of each channel, by its name. */
export function assignChannels(
  names: readonly SenderName[],
): Partial<Record<"sms" | "whatsapp" | "email", SenderName>> {
  const ofChannel = (channel: "sms" | "whatsapp" | "email") => names.find((name) => channels[name] === channel);
  const rest = names.find((name) => channels[name] === null);
  const [sms, whatsapp, email] = [ofChannel("sms") ?? rest, ofChannel("whatsapp"), ofChannel("email") ?? rest];
  return { ...(sms && { sms }), ...(whatsapp && { whatsapp }), ...(email && { email }) };
}

/** Whether a database is on this machine; the embedded one is. A name that is left to other variables says nothing. */
export function isLocalDatabase(url: string | undefined): boolean {
  if (url === undefined) return true;
  const { hostname, searchParams } = new URL(url);
  const hosts = [decodeURIComponent(hostname), ...searchParams.getAll("host"), ...searchParams.getAll("hostaddr")];
  const named = hosts.filter((host) => host !== "");
  return named.length > 0 && named.every((host) => host.startsWith("/") || isLoopback(`http://${host}`));
}

/** What the core is told of messages; who sends them, `openSenders` says. */
export function toMessagesOption(settings: MessageSettings): NonNullable<AuthOptions["messages"]> {
  const { LAUNCH_BUDGET, LAUNCH_BUDGET_UNTIL, TEST_NUMBERS, TEST_NUMBERS_UNTIL } = settings;
  return {
    ...(settings.MESSAGE_COUNTRIES && { countries: [...settings.MESSAGE_COUNTRIES] }),
    perDay: settings.MESSAGES_PER_DAY,
    emailsPerDay: settings.EMAILS_PER_DAY,
    noticesPerDay: settings.NOTICES_PER_DAY,
    ...(LAUNCH_BUDGET !== undefined &&
      LAUNCH_BUDGET_UNTIL && { launchBudget: { messages: LAUNCH_BUDGET, until: LAUNCH_BUDGET_UNTIL } }),
    ...(TEST_NUMBERS &&
      TEST_NUMBERS_UNTIL && { testNumbers: { numbers: [...TEST_NUMBERS], until: TEST_NUMBERS_UNTIL } }),
    app: settings.MESSAGE_APP_NAME,
    defaultLocale: settings.MESSAGE_LOCALE,
    ...(settings.SIGN_IN_ORIGIN && { origin: settings.SIGN_IN_ORIGIN }),
    ...(settings.SIGN_IN_ANDROID_HASH && { androidHash: settings.SIGN_IN_ANDROID_HASH }),
    senderSetting: "MESSAGES",
  };
}

/** What the core is told of what codes open. */
export function toCodeOptions(settings: MessageSettings): NonNullable<AuthOptions["codes"]> {
  return {
    ...(settings.SIGN_IN_BY_CODE && { signInByCode: settings.SIGN_IN_BY_CODE }),
    holdersByCode: settings.HOLDERS_BY_CODE === "yes",
    hasLastGuess: settings.LAST_GUESS_AT_CODES === "yes",
    phoneTrust: settings.PHONE_TRUST,
    numberOnly: settings.NUMBER_ONLY === "on",
    numberOnlyTrust: settings.NUMBER_ONLY_TRUST,
  };
}
