import { expect, it } from "vitest";
import { countSegments, findLocale, messageTexts, renderMessage } from "./texts.ts";

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

it("counts segments as networks bill them", () => {
  expect(countSegments("a".repeat(160))).toEqual({ encoding: "GSM-7", segments: 1 });
  expect(countSegments("a".repeat(161))).toEqual({ encoding: "GSM-7", segments: 2 });
  expect(countSegments("€".repeat(81)).segments).toBe(2);
  expect(countSegments("ş".repeat(70))).toEqual({ encoding: "UCS-2", segments: 1 });
  expect(countSegments("ş".repeat(71)).segments).toBe(2);
});
