import { expect, it } from "vitest";
import { countSegments, findLocale, messageTexts, renderMessage, renderNotice } from "./texts.ts";

const input = { code: "123456", purpose: "sign_in", channel: "sms", locale: null } as const;

it("speaks eight languages, each with the code in it", () => {
  for (const locale of ["en", "tr", "ar", "es", "pt-BR", "hi", "id", "fr"])
    for (const purpose of ["sign_in", "reset_password"] as const) {
      const rendered = renderMessage({ ...input, purpose, locale }, { app: "Shop" });
      expect(rendered.locale).toBe(locale);
      expect(rendered.text).toContain("123456");
      expect(rendered.text).not.toMatch(/[{}]/);
      expect(countSegments(rendered.text).segments).toBe(1);
    }
});

it("finds the nearest language, and the default for anything else", () => {
  expect(findLocale("tr-TR", messageTexts)).toBe("tr");
  expect(findLocale("PT", messageTexts)).toBe("pt-BR");
  for (const odd of [null, "", "xx", "__proto__", "constructor"]) expect(findLocale(odd, messageTexts)).toBe("en");
});

it("ends an SMS with the line that browsers read, and nothing else with it", () => {
  const options = { app: "Shop $& {code}", origin: "https://shop.example" };
  expect(renderMessage(input, options).text.split("\n").at(-1)).toBe("@shop.example #123456");
  expect(renderMessage({ ...input, channel: "email" }, options).text).not.toContain("@shop.example");
});

it("ends an SMS with the hash by which Android knows the app, after the browsers' line, and no other message", () => {
  const options = { app: "Shop", origin: "https://shop.example", androidHash: "FA+9qCX9VSu" };
  expect(renderMessage(input, options).text.split("\n").slice(-2)).toEqual(["@shop.example #123456", "FA+9qCX9VSu"]);
  for (const channel of ["whatsapp", "email"] as const)
    expect(renderMessage({ ...input, channel }, options).text).not.toContain("FA+9qCX9VSu");
});

it("counts segments as networks bill them", () => {
  expect(countSegments("a".repeat(160))).toEqual({ encoding: "GSM-7", segments: 1 });
  expect(countSegments("a".repeat(161))).toEqual({ encoding: "GSM-7", segments: 2 });
  expect(countSegments("€".repeat(81)).segments).toBe(2);
  expect(countSegments("ş".repeat(70))).toEqual({ encoding: "UCS-2", segments: 1 });
  expect(countSegments("ş".repeat(71)).segments).toBe(2);
});

it("names the page that stops a reset in an e-mail, and in no SMS, nor where there is nothing to stop", () => {
  const options = { app: "Shop", notMeUrl: "https://shop.example/not-me" };
  const render = (kind: "password_reset" | "rights_changed", channel: "sms" | "email") =>
    renderNotice({ kind, channel, locale: null }, options).text;
  expect(render("password_reset", "email").split("\n").at(-1)).toBe("https://shop.example/not-me");
  for (const text of [render("password_reset", "sms"), render("rights_changed", "email")])
    expect(text).not.toContain("https");
  expect(renderNotice({ kind: "password_reset", channel: "email", locale: null }, { app: "Shop" }).text).not.toContain(
    "undefined",
  );
});
