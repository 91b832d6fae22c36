import { messageTexts } from "@latchkey/auth";
import { describe, expect, it } from "vitest";
import { parseSettings } from "../environment.ts";
import { examineMessages } from "./sending.ts";
import { describeTextCosts, listTextCosts, warnOfLongTexts } from "./text-costs.ts";

const { en = { code: "", subject: "" } } = messageTexts;
const short = { app: "Shop", catalogue: { en } };
const long = { app: "Shop", catalogue: { en: { ...en, reset: "{code} ş".padEnd(71, ".") } } };

describe("what texts cost by SMS", () => {
  it("is counted for every text of every language, notices too where the sender has them", () => {
    const all = listTextCosts({ app: "Shop", catalogue: messageTexts }, { hasNotices: true });
    expect(new Set(all.map(({ locale }) => locale))).toEqual(new Set(Object.keys(messageTexts)));
    expect(all.filter(({ locale }) => locale === "ar").map(({ name }) => name)).toEqual(
      expect.arrayContaining(["sign_in", "reset_password", "password_changed", "deletion_stopped"]),
    );
    expect(listTextCosts(short, { hasNotices: false }).map(({ name }) => name)).toEqual(["sign_in", "reset_password"]);
  });

  it("is a line for each language, which names what costs more than one", () => {
    expect(describeTextCosts(listTextCosts(short, { hasNotices: false }))).toEqual(["A text in en costs 1 SMS"]);
    expect(describeTextCosts(listTextCosts(long, { hasNotices: true }))).toEqual([
      "A text in en costs 1–2 SMS; 2: reset_password, password_reset_held",
    ]);
  });

  it("is one warning of all that cost more than one, and none where nothing does", () => {
    expect(warnOfLongTexts(listTextCosts(short, { hasNotices: false }))).toEqual([]);
    expect(warnOfLongTexts(listTextCosts(long, { hasNotices: true }))).toEqual([
      "More than one SMS each: reset_password in en, 1 text of notices. Make them shorter in messages.texts; latchkey doctor says what every text costs",
    ]);
  });

  it("is told where something sends SMS that costs money, and of notices where its sender can send them", () => {
    const file = { path: null, config: {} };
    const twilio = { TWILIO_ACCOUNT_SID: "AC1", TWILIO_AUTH_TOKEN: "x", TWILIO_FROM: "MG1" };
    const paid = examineMessages(parseSettings({ MESSAGES: "twilio", ...twilio }), file);
    expect(paid.textCosts).toHaveLength(8);
    expect(paid.textCosts[0]).toContain("password_reset_held");
    expect(paid.notes.filter((note) => note.startsWith("More than one SMS each"))).toHaveLength(1);
    const own = { path: "own", config: { messages: { senders: { sms: { send: async () => ({}) } } } } };
    expect(examineMessages(parseSettings({ MESSAGES: "off" }), own).textCosts[0]).toBe("A text in en costs 1 SMS");
    expect(examineMessages(parseSettings({ MESSAGES: "console" }), file)).toMatchObject({ textCosts: [], notes: [] });
  });
});
