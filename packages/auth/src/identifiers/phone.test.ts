import fc from "fast-check";
import { type CountryCode, getCountries, getExampleNumber } from "libphonenumber-js/max";
import examples from "libphonenumber-js/mobile/examples";
import { describe, expect, test } from "vitest";
import { parseIdentifier } from "./identifier.ts";
import { toPresentForm } from "./numbering-plans.ts";
import { isCountryCode, isPhoneNumber, parsePhone } from "./phone.ts";

function phone(input: string, defaultCountry?: CountryCode): string | null {
  const result = parsePhone(input, { defaultCountry });
  return result.ok ? result.phoneNumber : null;
}

function reason(input: string, defaultCountry?: CountryCode): string | null {
  const result = parsePhone(input, { defaultCountry });
  return result.ok ? null : result.reason;
}

/** At sign-in; null for a username and an e-mail address too. */
function signIn(input: string, defaultCountry?: CountryCode): string | null {
  const identifier = parseIdentifier(input, { defaultCountry });
  return identifier?.kind === "phone" ? identifier.value : null;
}

const spellings: [CountryCode, string, string[]][] = [
  [
    "TR",
    "+905321234567",
    [
      "0532 123 45 67",
      "532 123 45 67",
      "05321234567",
      "0(532) 123-45-67",
      "+90 (532) 123-45-67",
      "(+90) 532 123 45 67",
      "+90 (0) 532 123 45 67",
      "+90.532.123.45.67",
      "0090 532 123 45 67",
      "90 532 123 45 67",
      "０５３２　１２３　４５　６７",
      "＋９０５３２１２３４５６７",
      "٠٥٣٢ ١٢٣ ٤٥ ٦٧",
      "۰۵۳۲۱۲۳۴۵۶۷",
      "०५३२१२३४५६७",
      "\u202a+90 532 123 45 67\u202c",
      "\u2068+90\u2011532\u2013123\u221245\u201467\u2069",
      "\u00a00532\u2009123\u202f45\t67\n",
    ],
  ],
  ["TR", "+902122123456", ["0212 212 34 56", "+90 212 212 34 56", "(0212) 212 34 56"]],
  ["US", "+16502530000", ["(650) 253-0000", "650.253.0000", "1-650-253-0000", "+1 650 253 0000", "011 1 650 253 0000"]],
  ["GB", "+447400123456", ["07400 123456", "+44 7400 123456", "+44 (0)7400 123456", "0044 7400 123456"]],
  ["GB", "+442079460958", ["020 7946 0958", "(020) 7946 0958", "+44 (0)20 7946 0958"]],
  ["DE", "+4915123456789", ["01512 3456789", "0151/23456789", "+49 1512 3456789", "0049 (0) 1512-3456789"]],
  ["DE", "+4930123456", ["030/123456", "030 12 34 56", "+49 (30) 123456"]],
  [
    "FR",
    "+33612345678",
    ["06 12 34 56 78", "06.12.34.56.78", "+33 6 12 34 56 78", "+33 (0)6 12 34 56 78", "0033612345678"],
  ],
  ["FR", "+33123456789", ["01 23 45 67 89", "+33 1 23 45 67 89"]],
  ["IT", "+390612345678", ["06 1234 5678", "+39 06 12345678"]],
  ["IT", "+393123456789", ["312 345 6789", "+39 312 3456789"]],
  ["IN", "+918123456789", ["081234 56789", "81234 56789", "+91 81234-56789", "८१२३४५६७८९"]],
  ["BR", "+5511961234567", ["(11) 96123-4567", "011 96123-4567", "+55 11 96123 4567", "0 15 11 96123-4567"]],
  ["AR", "+5491123456789", ["011 15-2345-6789", "+54 9 11 2345 6789"]],
  ["CN", "+8613123456789", ["131 2345 6789", "13123456789", "+86 131-2345-6789", "１３１２３４５６７８９"]],
  ["JP", "+819012345678", ["090-1234-5678", "０９０－１２３４－５６７８", "+81 90 1234 5678", "010 81 90 1234 5678"]],
  ["JP", "+81312345678", ["03-1234-5678", "(03) 1234-5678", "+81 3 1234 5678"]],
  ["NG", "+2348021234567", ["0802 123 4567", "+234 802 123 4567", "009 234 802 123 4567"]],
  ["AE", "+971501234567", ["050 123 4567", "+971 50 123 4567", "٠٥٠١٢٣٤٥٦٧"]],
  ["IR", "+989123456789", ["۰۹۱۲ ۳۴۵ ۶۷۸۹", "+98 912 345 6789"]],
  ["RU", "+79123456789", ["8 (912) 345-67-89", "+7 912 345-67-89", "810 7 912 345 67 89"]],
];

describe.each(spellings)("%s %s", (country, number, inputs) => {
  test.each(inputs)("is written and found as %j", (input) => {
    expect([phone(input, country), signIn(input, country)]).toEqual([number, number]);
  });
});

describe("what is no phone number is none, at the door as in the table", () => {
  test.each([
    ["a name before a number", "admin6502530000"],
    ["a number before a name", "6502530000admin"],
    ["a sentence", "call 650 253 0000"],
    ["vanity letters", "1-800-FLOWERS"],
    ["a name alone", "alice"],
    ["an extension", "650 253 0000 ext. 123"],
    ["an extension by x", "650 253 0000 x123"],
    ["an extension by #", "650 253 0000 #12"],
    ["an extension by comma", "650 253 0000,12"],
    ["an extension parameter", "+16502530000;ext=12"],
    ["a tel: address with an extension", "tel:+16502530000;ext=12"],
    ["a tel: address with a context", "tel:650-253-0000;phone-context=+1"],
    ["a sip: address", "sip:+16502530000"],
    ["tel: alone", "tel:"],
    ["tel: twice", "tel:tel:+16502530000"],
    ["a network code", "*31#6502530000"],
    ["a wildcard", "650 253 000*"],
    ["an underscore first", "_6502530000"],
    ["a plus sign inside", "650+2530000"],
    ["a plus sign behind", "6502530000+"],
    ["two plus signs", "++16502530000"],
    ["an @", "+16502530000@example.com"],
    ["a Chinese one for a dash", "650一2530000"],
    ["NUL", "6502530000\0"],
    ["a lone surrogate", "6502530000\ud800"],
    ["too few digits", "65025300"],
    ["too many digits", "65025300001"],
    ["far too many digits", `+${"1".repeat(300)}`],
    ["a plus sign alone", "+"],
    ["a zero behind the plus sign", "+0 650 253 0000"],
    ["separators alone", "()- ."],
    ["superscript letters", "650253000ᵃ"],
  ])("%s", (_, input) => {
    expect([phone(input, "US"), signIn(input, "US")]).toEqual([null, null]);
  });
});

describe("a number that is not a person's own cannot be stored", () => {
  test.each([
    ["premium, GB", "+44 909 879 0000"],
    ["premium, US", "+1 900 234 5678"],
    ["premium, TR", "+90 900 123 45 67"],
    ["premium, DE", "+49 900 1 234567"],
    ["premium, FR", "+33 891 123 456"],
    ["premium, international", "+979 123 456 789"],
    ["shared cost, GB", "+44 845 746 4000"],
    ["shared cost, DE", "+49 180 1 234567"],
    ["shared cost, IT", "+39 848 123 456"],
    ["shared cost, international", "+808 1234 5678"],
    ["toll free, US", "+1 800 234 5678"],
    ["toll free, TR", "+90 800 123 45 67"],
    ["toll free, international", "+800 1234 5678"],
    ["personal numbering, GB", "+44 70 1234 5678"],
    ["pager, GB", "+44 76 4012 3456"],
    ["company access, GB", "+44 55 1234 5678"],
    ["company access, TR", "444 1 444"],
  ])("%s: %s", (_, input) => {
    expect(reason(input, "TR")).toBe("A phone number must be a person's own line");
  });

  test.each(["+44 1", "+90 532 123 45", "+90 111 111 11 11", "+999 123 456 789"])(
    "nor one that nobody has: %s",
    (input) => {
      expect(reason(input)).toBe("There is no such phone number");
    },
  );
});

describe("without a default country", () => {
  test.each(["0532 123 45 67", "00905321234567", "905321234567", "٠٥٣٢١٢٣٤٥٦٧"])("%s is nobody", (input) => {
    expect(signIn(input)).toBe(null);
    expect(reason(input)).toBe("A phone number starts with + and the country code");
  });

  test("the international form needs none, and no default country changes it", () => {
    for (const country of [undefined, ...getCountries()])
      expect(signIn("+90 532 123 45 67", country)).toBe("+905321234567");
  });
});

test("a stored number still signs in when our copy of the numbering plans does not know it", () => {
  expect([phone("+999 12345678"), signIn("+999 12345678")]).toEqual([null, "+99912345678"]);
  expect([phone("+90 111 111 11 11"), signIn("0111 111 11 11", "TR")]).toEqual([null, "+901111111111"]);
});

test("every country's mobile number is read alike in national and international form", () => {
  const differing = getCountries().filter((country) => {
    const example = getExampleNumber(country, examples);
    const readings = [example?.formatNational(), example?.formatInternational(), example?.number].map((text = "") =>
      phone(text, country),
    );
    // The library's example of Gabon is of the plan before.
    const present = example && isPhoneNumber(example.number) ? toPresentForm(example.number) : null;
    return new Set([present, ...readings]).size !== 1;
  });
  expect(differing).toEqual([]);
});

test("a value is E.164, is read as itself in every country, and what is stored signs in", () => {
  const digit = fc.constantFrom(..."0123456789");
  const digits = fc.string({
    unit: fc.oneof({ weight: 9, arbitrary: digit }, { weight: 1, arbitrary: fc.constantFrom(..." -().٣") }),
    maxLength: 22,
  });
  const countries = fc.constantFrom(undefined, ...getCountries());
  fc.assert(
    fc.property(fc.constantFrom("", "+", "00", "0"), digits, countries, countries, (prefix, rest, here, elsewhere) => {
      const value = signIn(prefix + rest, here);
      const stored = phone(prefix + rest, here);
      expect([value, null]).toContain(stored);
      if (value === null) return;
      expect(isPhoneNumber(value)).toBe(true);
      expect(signIn(value, elsewhere)).toBe(value);
    }),
    { numRuns: 2_000 },
  );
});

test("no reason repeats the number", () => {
  for (const input of ["+44 909 879 0000", "+90 111", "0532", "650 FLOWERS"]) expect(reason(input)).not.toMatch(/\d/);
});

test("a country is known by its two letters only", () => {
  expect(["TR", "US", "tr", "XX", "", "toString", "__proto__"].filter(isCountryCode)).toEqual(["TR", "US"]);
});
