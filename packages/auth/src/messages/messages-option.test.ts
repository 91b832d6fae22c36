import { describe, expect, it } from "vitest";
import { resolveOptions } from "../options.ts";
import { testSecret } from "../testing/index.ts";
import { readTestNumbers, toFirewallLimits } from "./messages-option.ts";

const resolve = (options: object) => resolveOptions({ secret: testSecret, ...options });
const sender = { send: async () => ({}) };

describe("the option messages", () => {
  it("sends to the default country alone, and to none without one", () => {
    const limitsOf = (options: { messages?: object; phones?: object }) => {
      const { messages, phones, clock } = resolve(options);
      return toFirewallLimits(messages, { defaultCountry: phones.defaultCountry, clock });
    };
    expect(limitsOf({}).countries).toEqual([]);
    expect(limitsOf({ phones: { defaultCountry: "TR" } }).countries).toEqual(["TR"]);
    expect(limitsOf({ phones: { defaultCountry: "TR" }, messages: { countries: ["DE"] } }).countries).toEqual(["DE"]);
    expect(limitsOf({ messages: { limits: { number: 3 } } })).toMatchObject({ number: 3, prefixPerDay: 30 });
  });

  it("takes the limits of e-mails beside those of messages to phone numbers", () => {
    const limitsOf = (messages: object) =>
      toFirewallLimits(resolve({ messages }).messages, { defaultCountry: undefined, clock: { now: () => new Date() } });
    const defaults = { emailAddressPerHour: 5, emailNetworkPerHour: 20, emailsPerDay: 10_000 };
    expect(limitsOf({})).toMatchObject(defaults);
    const limits = { emailAddressPerHour: 2, emailNetworkPerHour: 100 };
    expect(limitsOf({ limits, emailsPerDay: 7 })).toMatchObject({ ...limits, emailsPerDay: 7 });
  });

  it("has the launch's budget until its end, and test numbers until theirs", () => {
    let now = new Date("2026-01-01T00:00:00Z");
    const until = new Date("2026-01-02T00:00:00Z");
    const clock = { now: () => now };
    const numbers = [{ number: "+905550000001", code: "123456" }];
    const { messages } = resolve({
      clock,
      messages: { launchBudget: { messages: 2_000, until }, testNumbers: { numbers, until } },
    });
    const limits = toFirewallLimits(messages, { defaultCountry: undefined, clock });
    expect(limits.launchBudget).toBe(2_000);
    expect(readTestNumbers(messages, now)).toEqual(numbers);
    now = until;
    expect(limits.launchBudget).toBe(0);
    expect(readTestNumbers(messages, now)).toEqual([]);
  });

  it("signs in by codes of numbers where something sends to numbers, and by none otherwise, unless that is said", () => {
    const ruleOf = (options: object) => resolve(options).codes.signInByCode;
    expect(ruleOf({})).toBe("off");
    expect(ruleOf({ messages: { senders: { email: sender } } })).toBe("off");
    expect(ruleOf({ messages: { senders: { sms: sender } } })).toBe("phone");
    expect(ruleOf({ messages: { senders: { whatsapp: sender } } })).toBe("phone");
    expect(ruleOf({ messages: { senders: { sms: sender } }, codes: { signInByCode: "both" } })).toBe("both");
  });

  it.each([
    ["a channel that there is not", { senders: { pigeon: sender } }],
    ["a sender that cannot send", { senders: { sms: {} } }],
    ["a country that there is not", { countries: ["XX"] }],
    ["a limit that there is not", { limits: { numbers: 3 } }],
    ["a day's e-mails in two places", { limits: { emailsPerDay: 3 } }],
    ["a limit below nothing", { limits: { number: -1 } }],
    [
      "a test number with a short code",
      { testNumbers: { numbers: [{ number: "+905550000001", code: "1234" }], until: new Date() } },
    ],
    ["an origin that is none", { origin: "shop" }],
    ["an unknown part", { sender }],
  ])("refuses %s", (_, messages) => {
    expect(() => resolve({ messages })).toThrow();
  });
});
