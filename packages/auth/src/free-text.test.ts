import { describe, expect, test } from "vitest";
import { escapeMisleading, isPlainLine, isPlainProse } from "./free-text.ts";

describe("what would be shown as something else is no free text", () => {
  test.each([
    ["NUL", "a\0b"],
    ["a bell", "a\u0007"],
    ["a terminal's escape", "\u001b[2J"],
    ["its short form", "\u009b2J"],
    ["delete", "a\u007f"],
    ["next line", "a\u0085b"],
    ["a line separator", "a\u2028b"],
    ["a paragraph separator", "a\u2029b"],
    ["a left-to-right embedding", "\u202aa"],
    ["a right-to-left embedding", "\u202ba"],
    ["the end of an embedding", "a\u202c"],
    ["a left-to-right override", "\u202da"],
    ["a right-to-left override", "\u202egnp.exe"],
    ["an isolate", "\u2066a"],
    ["a right-to-left isolate", "\u2067a"],
    ["a first strong isolate", "\u2068a"],
    ["the end of an isolate", "a\u2069"],
    ["half a character", "a\ud800"],
  ])("%s", (_, text) => {
    expect([isPlainLine(text), isPlainProse(text)]).toEqual([false, false]);
    expect(isPlainLine(escapeMisleading(text).toWellFormed())).toBe(true);
  });

  test.each(["a\nb", "a\r\nb", "a\tb"])("%j is prose, and no line", (text) => {
    expect([isPlainLine(text), isPlainProse(text)]).toEqual([false, true]);
  });
});

test.each([
  "",
  "İstanbul",
  "علی\u200cرضا",
  "تهران\u200f (ایران)",
  "क्\u200dष",
  "Zürich 8️⃣",
  "👩\u200d👩\u200d👧",
  "St. John's; Nfld & Lab.",
])("%j is plain", (text) => {
  expect([isPlainLine(text), isPlainProse(text)]).toEqual([true, true]);
});

test("what would be shown as something else stands as JSON writes it, and anything else as it is", () => {
  expect(escapeMisleading("\u202egnp.\u009b2J 😀 İ\n")).toBe("\\u202egnp.\\u009b2J 😀 İ\\u000a");
});
