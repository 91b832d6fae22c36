import { expect, test } from "vitest";
import { deviceName } from "./device-name.ts";

test.each([
  ["a line break", "phone\nSession ended"],
  ["a tab", "a\tb"],
  ["NUL", "a\0b"],
  ["an escape sequence", "\u001b[2J"],
  ["a C1 control character", "a\u009bb"],
  ["half a surrogate pair", "a\ud800"],
  ["a line separator", "a\u2028b"],
  ["an override of direction", "\u202eenohpi"],
  ["an isolate of direction", "\u2066a"],
  ["nothing", ""],
  ["white space alone", " \u3000 "],
  ["zero-width spaces", "\u200b\u200b"],
  ["a joiner alone", "\u200d"],
  ["a filler of Hangul", "\u3164"],
  ["a blank of Braille", "\u2800"],
  ["variation selectors and tags", "\ufe0f\u{e0061}"],
  ["a mark without a letter", "\u0301"],
  ["101 characters", "x".repeat(101)],
])("refuses %s", (_what, text) => {
  expect(deviceName.safeParse(text).success).toBe(false);
});

test.each([
  ["outer white space", "  Ada's iPhone ", "Ada's iPhone"],
  ["a letter in two parts", "I\u0307pek", "\u0130pek"],
  ["joined emoji", "👩‍💻 laptop", "👩‍💻 laptop"],
  ["a joiner within Persian", "گوشی‌من", "گوشی‌من"],
  ["an emoji alone", "📱", "📱"],
  ["100 characters", "x".repeat(100), "x".repeat(100)],
])("keeps a name with %s", (_what, text, stored) => {
  expect(deviceName.parse(text)).toBe(stored);
});
