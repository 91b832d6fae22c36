import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isEmailAddress, parseEmail } from "./email.ts";
import { emailPattern } from "./grammar.ts";

function keyOf(input: string): string | null {
  const result = parseEmail(input);
  return result.ok ? result.key : null;
}

describe("what is no plain address is refused", () => {
  test.each([
    ["no local part", "@example.com"],
    ["no domain", "alice@"],
    ["one label", "alice@localhost"],
    ["two @", "alice@bob@example.com"],
    ["an @ of another width besides", "alice＠bob@example.com"],
    ["a quoted local part", '"alice bob"@example.com'],
    ["a comment", "alice(home)@example.com"],
    ["a display name", "Alice <alice@example.com>"],
    ["two addresses", "alice@example.com,bob@example.com"],
    ["a dot first", ".alice@example.com"],
    ["a dot last", "alice.@example.com"],
    ["two dots", "al..ice@example.com"],
    ["an IPv4 address", "alice@127.0.0.1"],
    ["an IPv4 address in hex", "alice@0x7f.1"],
    ["an IP literal", "alice@[127.0.0.1]"],
    ["an IPv6 literal", "alice@[::1]"],
    ["a port", "alice@example.com:25"],
    ["a path", "alice@example.com/x"],
    ["an escaped domain", "alice@ex%61mple.com"],
    ["an empty label", "alice@example..com"],
    ["a trailing dot", "alice@example.com."],
    ["a hyphen at a label's edge", "alice@-example.com"],
    ["an underscore in the domain", "alice@ex_ample.com"],
    ["an empty international label", "alice@xn--.com"],
    ["a label of 64", `alice@${"a".repeat(64)}.com`],
    ["a local part of 65", `${"a".repeat(65)}@example.com`],
    ["255 characters", `alice@${"a.".repeat(123)}com`],
    ["a local part beyond ASCII", "ayşe@example.com"],
    ["the dotless ı", "adm\u0131n@example.com"],
    ["a Cyrillic а", "аlice@example.com"],
    ["a zero-width space", "alice\u200b@example.com"],
    ["a zero-width joiner in the domain", "alice@exam\u200dple.com"],
    ["a right-to-left override", "\u202ealice@example.com"],
    ["inner white space", "ali ce@example.com"],
    ["a header", "alice@example.com\r\nBcc: bob@example.com"],
    ["NUL", "alice@example.com\0"],
    ["a lone surrogate", "alice@example\ud800.com"],
    ["321 units", `${" ".repeat(310)}a@b.example`],
  ])("%s", (_, input) => {
    expect(parseEmail(input)).toEqual({ ok: false, code: "invalid_format", reason: "This is not an e-mail address" });
  });
});

test.each([
  ["Alice@Example.COM", "alice@example.com"],
  [" alice@example.com\n", "alice@example.com"],
  ["ａｌｉｃｅ＠ｅｘａｍｐｌｅ．ｃｏｍ", "alice@example.com"],
  ["\u212aim@example.com", "kim@example.com"],
  ["alice@Örnek.com", "alice@xn--rnek-4qa.com"],
  ["alice@XN--RNEK-4QA.com", "alice@xn--rnek-4qa.com"],
  ["alice@例え.テスト", "alice@xn--r8jz45g.xn--zckzah"],
  ["O'Brien+news@mail.example.co.uk", "o'brien+news@mail.example.co.uk"],
  ["a!#$%&'*+/=?^_`{|}~-b@example.com", "a!#$%&'*+/=?^_`{|}~-b@example.com"],
  ["1@2.example", "1@2.example"],
])("%j is found as %j", (input, key) => {
  expect([keyOf(input), keyOf(key), keyOf(input.toUpperCase())]).toEqual([key, key, key]);
});

test("an address is kept as it is written, but for its domain", () => {
  expect(parseEmail("Alice.B@ÖRNEK.com")).toEqual({
    ok: true,
    email: "Alice.B@xn--rnek-4qa.com",
    key: "alice.b@xn--rnek-4qa.com",
  });
});

test("the longest address is taken", () => {
  const longest = `${"a".repeat(64)}@${"b".repeat(63)}.${"c".repeat(63)}.${"d".repeat(57)}.com`;
  expect([longest.length, keyOf(longest)]).toEqual([254, longest]);
});

test("a key is read as itself and matches the database's pattern", () => {
  const pattern = new RegExp(emailPattern, "u");
  const part = fc.string({ unit: fc.constantFrom(..."aZ0.-_+'öÖßıＡ例xn"), minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(part, part, fc.constantFrom("com", "example.com", "例え", "1", "c"), (local, domain, top) => {
      const key = keyOf(`${local}@${domain}.${top}`);
      if (key === null) return;
      expect([isEmailAddress(key), pattern.test(key), keyOf(key)]).toEqual([true, true, key]);
    }),
    { numRuns: 1_000 },
  );
});
