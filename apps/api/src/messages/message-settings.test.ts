import { describe, expect, it } from "vitest";
import { toAuthOptions } from "../auth-options.ts";
import { parseSettings } from "../environment.ts";
import { describeSettings } from "../settings-report.ts";
import { refusalOf, strongSecret as secret } from "../testing/settings-refusal.ts";
import { assignChannels, isLocalDatabase, toMessagesOption } from "./message-settings.ts";
import { toMessages } from "./sending.ts";

const production = { NODE_ENV: "production", LATCHKEY_SECRET: secret, LATCHKEY_EMBEDDED: "yes" };
const twilio = {
  MESSAGES: "twilio",
  TWILIO_ACCOUNT_SID: "AC1",
  TWILIO_AUTH_TOKEN: "canary-of-twilio",
  TWILIO_FROM: "MG1",
};

describe("a start is refused, in one line that names the setting and says what to do,", () => {
  const list = "console, webhook, http, netgsm, msg91, vonage, twilio, whatsapp, smtp";

  it.each<[title: string, variables: Record<string, string>, line: string]>([
    [
      "in production when codes would be printed",
      { ...production, MESSAGES: "console" },
      "MESSAGES=console prints codes and sends nothing, which is refused in production: name a sender, such as MESSAGES=twilio, or MESSAGES=off",
    ],
    [
      "with a sender that there is not",
      { MESSAGES: "pigeon" },
      `MESSAGES must be off, or some of ${list}, each once, with commas between them`,
    ],
    [
      "with one twice",
      { MESSAGES: "smtp,smtp", SMTP_URL: "smtp://localhost", SMTP_FROM: "a@b.example" },
      `MESSAGES must be off, or some of ${list}, each once, with commas between them`,
    ],
    [
      "with off and something",
      { MESSAGES: "off,console" },
      `MESSAGES must be off, or some of ${list}, each once, with commas between them`,
    ],
    [
      "with a sender that lacks what it needs",
      { MESSAGES: "twilio", TWILIO_FROM: "MG1" },
      "MESSAGES=twilio needs TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN",
    ],
    [
      "with two senders of SMS",
      { ...twilio, MESSAGES: "vonage,twilio", VONAGE_API_KEY: "a", VONAGE_API_SECRET: "b", VONAGE_FROM: "c" },
      "MESSAGES names two senders for sms, vonage and twilio: leave one of them",
    ],
    [
      "with a country that there is not",
      { MESSAGE_COUNTRIES: "TR,Germany" },
      "MESSAGE_COUNTRIES must be countries' two letters, such as TR,DE",
    ],
    [
      "with more messages than a whole number says",
      { MESSAGES_PER_DAY: "many" },
      "MESSAGES_PER_DAY must be a whole number",
    ],
    [
      "with a launch that never ends",
      { LAUNCH_BUDGET: "2000" },
      "LAUNCH_BUDGET needs LAUNCH_BUDGET_UNTIL, the time of its end",
    ],
    ["with the end of no launch", { LAUNCH_BUDGET_UNTIL: "2027-01-01" }, "LAUNCH_BUDGET_UNTIL needs LAUNCH_BUDGET"],
    [
      "with test numbers that never end",
      { TEST_NUMBERS: "+905550000001:123456" },
      "TEST_NUMBERS needs TEST_NUMBERS_UNTIL, the time of their end",
    ],
    [
      "with a test number that cannot be read",
      { TEST_NUMBERS: "+905550000001:12", TEST_NUMBERS_UNTIL: "2027-01-01" },
      "TEST_NUMBERS cannot be read: Test number 1 is not written like +905550000001:123456",
    ],
    [
      "with a page where people sign in, instead of its origin",
      { SIGN_IN_ORIGIN: "https://shop.example/sign-in" },
      "SIGN_IN_ORIGIN must be an origin such as https://shop.example, with nothing behind it",
    ],
    [
      "with an origin that anybody on the way can change",
      { SIGN_IN_ORIGIN: "http://shop.example" },
      "SIGN_IN_ORIGIN must begin with https://; http:// is for this machine alone",
    ],
    [
      "with a trust that never ends",
      { PHONE_TRUST: "4000d" },
      "PHONE_TRUST must be a time from 1d to 400d, written like 30s, 15m, 12h or 90d",
    ],
    [
      "with a provider in plain text",
      { ...twilio, SMS_API_URL: "http://api.example" },
      "SMS_API_URL must begin with https://; http:// is for this machine alone",
    ],
    [
      "with a template of HTTP that is not whole",
      { MESSAGES: "http", HTTP_SENDER: '{"url":"https://sms.example","format":"xml"}' },
      "HTTP_SENDER must be JSON with url, format and body; look at format, body, as docs/messages.md shows",
    ],
    [
      "with a template of HTTP that is not JSON",
      { MESSAGES: "http", HTTP_SENDER: "canary" },
      "HTTP_SENDER must be JSON with url, format and body, as docs/messages.md shows",
    ],
    [
      "with a secret for receipts that can be guessed",
      { RECEIPTS_SECRET: "hunter2" },
      `RECEIPTS_SECRET is shorter than 32 bytes; make one with: node -p 'crypto.randomBytes(32).toString("base64url")'`,
    ],
  ])("%s", (_, variables, line) => {
    expect(refusalOf(variables)).toEqual([line]);
  });
});

describe("who sends when nothing is said", () => {
  it("is the console where the service is tried out, on a database of this machine", () => {
    expect(parseSettings({}).MESSAGES).toEqual(["console"]);
    expect(parseSettings({ DATABASE_URL: "postgres://localhost/latchkey" }).MESSAGES).toEqual(["console"]);
  });

  it.each<[Record<string, string>]>([
    [production],
    [{ HOST: "0.0.0.0" }],
    [{ PUBLIC_URL: "https://auth.example.com" }],
    [{ CORS_ORIGINS: "http://localhost:5173" }],
    [{ TRUSTED_PROXIES: "127.0.0.1" }],
    [{ DATABASE_URL: "postgres://db.example.com/latchkey" }],
  ])("is nobody with %o, and shown as off", (variables) => {
    const settings = parseSettings(variables);
    expect(settings.MESSAGES).toEqual([]);
    expect(describeSettings(settings).MESSAGES).toBe("off");
  });

  it.each<[string, Record<string, string>, readonly string[]]>([
    ["a socket of this machine", { DATABASE_URL: "postgres://latchkey@/people?host=/run/postgresql" }, ["console"]],
    ["whatever PGHOST names", { DATABASE_URL: "postgres://latchkey@/people", PGHOST: "db.example.com" }, []],
  ])("reads an address without a host as the driver does: %s", (_, variables, senders) => {
    expect(parseSettings(variables).MESSAGES).toEqual(senders);
  });

  it("is the console for others too where that is said, but for production", () => {
    expect(parseSettings({ HOST: "0.0.0.0", MESSAGES: "console" }).MESSAGES).toEqual(["console"]);
  });
});

describe("a database is on this machine", () => {
  it.each([
    undefined,
    "postgres://u:p@127.0.0.1/x",
    "postgres://localhost/x",
    "postgres://[::1]/x",
    "postgres:///x?host=/run/pg",
  ])("at %s", (url) => expect(isLocalDatabase(url)).toBe(true));

  it.each([
    "postgres://db.example.com/x",
    "postgres://localhost.example.com/x",
    "postgres://10.0.0.7/x",
    "postgres://localhost/x?host=db.example.com",
    "postgres:///x",
  ])("and not at %s", (url) => expect(isLocalDatabase(url)).toBe(false));
});

it("each sender has the channels that it can, and the console and a webhook what is left", () => {
  expect(assignChannels(["console"])).toEqual({ sms: "console", email: "console" });
  expect(assignChannels(["webhook", "twilio"])).toEqual({ sms: "twilio", email: "webhook" });
  expect(assignChannels(["whatsapp", "netgsm", "smtp"])).toEqual({
    whatsapp: "whatsapp",
    sms: "netgsm",
    email: "smtp",
  });
  expect(assignChannels([])).toEqual({});
});

it("messages by e-mail name the page for whoever it was not, where the service says what it is called", () => {
  const nowhere = { path: null, config: {} };
  expect(toMessages(parseSettings({}), nowhere)).not.toHaveProperty("notMeUrl");
  for (const [given, page] of [
    ["https://id.example.com", "https://id.example.com/not-me"],
    ["https://example.com/id/", "https://example.com/id/not-me"],
  ])
    expect(toMessages(parseSettings({ PUBLIC_URL: given }), nowhere)).toMatchObject({ notMeUrl: page });
});

it("the core is told every setting that concerns messages and codes", () => {
  const settings = parseSettings({
    MESSAGE_COUNTRIES: "tr,DE",
    MESSAGES_PER_DAY: "50",
    EMAILS_PER_DAY: "60",
    NOTICES_PER_DAY: "70",
    LAUNCH_BUDGET: "2000",
    LAUNCH_BUDGET_UNTIL: "2027-01-02",
    TEST_NUMBERS: "+905550000001:123456",
    TEST_NUMBERS_UNTIL: "2027-01-01",
    MESSAGE_APP_NAME: "Shop",
    MESSAGE_LOCALE: "tr",
    SIGN_IN_ORIGIN: "https://shop.example",
    SIGN_IN_ANDROID_HASH: "FA+9qCX9VSu",
    SIGN_IN_BY_CODE: "both",
    HOLDERS_BY_CODE: "yes",
    LAST_GUESS_AT_CODES: "yes",
    PHONE_TRUST: "30d",
    NUMBER_ONLY: "off",
    NUMBER_ONLY_TRUST: "90d",
  });
  expect(toMessagesOption(settings)).toEqual({
    countries: ["TR", "DE"],
    perDay: 50,
    emailsPerDay: 60,
    noticesPerDay: 70,
    launchBudget: { messages: 2_000, until: new Date("2027-01-02") },
    testNumbers: { numbers: [{ number: "+905550000001", code: "123456" }], until: new Date("2027-01-01") },
    app: "Shop",
    defaultLocale: "tr",
    origin: "https://shop.example",
    androidHash: "FA+9qCX9VSu",
    senderSetting: "MESSAGES",
  });
  expect(toAuthOptions(settings, secret).codes).toEqual({
    signInByCode: "both",
    holdersByCode: true,
    hasLastGuess: true,
    phoneTrust: 30 * 86_400,
    numberOnly: false,
    numberOnlyTrust: 90 * 86_400,
  });
});

it("no secret of a provider is shown, nor a test number with its code", () => {
  const shown = JSON.stringify(
    describeSettings(
      parseSettings({ ...twilio, TEST_NUMBERS: "+905550000001:123456", TEST_NUMBERS_UNTIL: "2027-01-01" }),
    ),
  );
  expect(shown).not.toMatch(/canary|123456/);
  expect(shown).toContain("MG1");
});
