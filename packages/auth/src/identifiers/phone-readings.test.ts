import fc from "fast-check";
import { type CountryCode, getCountries, getCountryCallingCode, getExampleNumber } from "libphonenumber-js/max";
import metadata from "libphonenumber-js/max/metadata";
import examples from "libphonenumber-js/mobile/examples";
import { describe, expect, test } from "vitest";
import { shareOut } from "../testing/share-out.ts";
import type { PhoneNumber } from "./grammar.ts";
import { parseIdentifier } from "./identifier.ts";
import { earlierFormsOf, planChanges, toPresentForm } from "./numbering-plans.ts";
import { isAmbiguousPhone, parsePhone, storedFormsOf } from "./phone.ts";
import { isAloneBehind, isPhoneNumber, lookUp } from "./phone-readings.ts";

const countries = getCountries();
/** The same numbers in every run. */
const seeded = (numRuns: number) => ({ seed: 5, numRuns });

interface DiallingRules {
  readonly prefixAbroad: string;
  readonly trunkPrefix: string;
  /** Of fixed and of mobile numbers. */
  readonly numbers: readonly string[];
}

/** The columns of our copy of the plans: RFC-like patterns by position. */
function rulesOf(country: CountryCode): DiallingRules {
  const columns: unknown = Reflect.get(metadata.countries, country);
  if (!Array.isArray(columns)) throw new Error(`there is no plan of ${country}`);
  const [prefixAbroad, trunk, trunkForParsing, types] = [columns[1], columns[5], columns[7], columns[11] ?? []];
  return {
    prefixAbroad: String(prefixAbroad),
    trunkPrefix: String(trunkForParsing || trunk || "").replaceAll("$", ""),
    numbers: types.slice(0, 2).flatMap((type: unknown) => (Array.isArray(type) ? [String(type[0])] : [])),
  };
}

function sample(pattern: string, count: number): string[] {
  if (pattern === "") return [];
  return fc.sample(fc.stringMatching(new RegExp(`^(?:${pattern})$`)), seeded(count));
}

/** Numbers that people of a country may have: its examples, and random ones of its fixed and mobile ranges. */
function numbersOf(country: CountryCode, count: number): PhoneNumber[] {
  const code = getCountryCallingCode(country);
  const example = getExampleNumber(country, examples)?.number ?? "";
  const random = rulesOf(country).numbers.flatMap((pattern) => sample(pattern, count));
  const numbers = [example, ...random.map((national) => `+${code}${national}`)].filter(isPhoneNumber);
  return numbers.filter((number) => {
    const entry = lookUp(number);
    return entry?.isValid() && entry.number === number && entry.country === country;
  });
}

/** How somebody in `here` may write a number of any country. */
function spellingsFromAbroad(number: PhoneNumber, here: CountryCode): string[] {
  const digits = number.slice(1);
  return ["00", ...sample(rulesOf(here).prefixAbroad, 4)].map((prefix) => prefix + digits);
}

/** How the people of its country may write a number. */
function spellingsAtHome(number: PhoneNumber, country: CountryCode): string[] {
  const entry = lookUp(number);
  const code = getCountryCallingCode(country);
  const national = entry?.nationalNumber ?? "";
  const trunkPrefixes = sample(rulesOf(country).trunkPrefix, 4);
  return [
    entry?.formatNational() ?? "",
    national,
    ...trunkPrefixes.map((prefix) => prefix + national),
    `${code}${national}`,
    ...(trunkPrefixes.includes("0") ? [`${code} (0) ${national}`, `00 ${code} (0) ${national}`] : []),
  ];
}

function stored(spelling: string, defaultCountry: CountryCode): string | null {
  const parsed = parsePhone(spelling, { defaultCountry });
  return parsed.ok ? parsed.phoneNumber : null;
}

/** At sign-in, where a number that nobody has is no harm. */
function found(spelling: string, defaultCountry: CountryCode): string | null {
  const identifier = parseIdentifier(spelling, { defaultCountry });
  return identifier?.kind === "phone" && lookUp(identifier.value)?.isValid() ? identifier.value : null;
}

function findWrong(country: CountryCode, number: PhoneNumber, spellings: readonly string[]): string[] {
  const right = toPresentForm(number);
  return spellings.flatMap((spelling) => {
    const readings = [stored(spelling, country), found(spelling, country)];
    const wrong = readings.filter((read) => read !== null && read !== right && read !== number);
    return wrong.map((read) => `${country}: ${spelling} is ${number}, and was read as ${read}`);
  });
}

describe("a number is never guessed", () => {
  for (const { tags, cases } of shareOut(countries, 3)) {
    test(`in ${cases.length} countries, their own numbers in every spelling of their people are read right or refused`, {
      tags,
    }, () => {
      const wrong = cases.flatMap((country) =>
        numbersOf(country, 2).flatMap((number) =>
          findWrong(country, number, [...spellingsAtHome(number, country), ...spellingsFromAbroad(number, country)]),
        ),
      );
      expect(wrong).toEqual([]);
    });

    test(`in ${cases.length} countries, numbers of others as they are called from there are read right or refused`, {
      tags,
    }, () => {
      const wrong = cases.flatMap((here) => {
        const index = countries.indexOf(here);
        const elsewhere = countries.filter((_, other) => (other + index) % 40 === 0);
        const numbers = elsewhere.flatMap((country) => numbersOf(country, 1));
        return numbers.flatMap((number) => findWrong(here, number, spellingsFromAbroad(number, here)));
      });
      expect(wrong).toEqual([]);
    });
  }

  test("and the example of every country is read in its national form, so that refusing costs nobody the usual spelling", () => {
    const refused = countries.filter((country) => {
      const example = getExampleNumber(country, examples);
      return example && stored(example.formatNational(), country) === null;
    });
    expect(refused).toEqual([]);
  });

  test("behind a code of one country alone, digits with a zero in front are the number that they are without it, so that they are read once", () => {
    const shown = (dialled: string, country?: CountryCode) => {
      const entry = lookUp(dialled, country);
      return [entry?.number, entry?.isPossible(), entry?.isValid(), entry?.getType()].join(" ");
    };
    const others = countries.flatMap((country) => {
      const code = getCountryCallingCode(country);
      if (!isAloneBehind(code)) return [];
      const isAbroad = new RegExp(`^(?:00|${rulesOf(country).prefixAbroad})`);
      const national = numbersOf(country, 2).map((number) => number.slice(code.length + 1));
      const dialled = [...national, ...sample("[0-9]{2,14}", 10), ...national.map((digits) => `${code}${digits}`)];
      const withZero = dialled.map((digits) => `0${digits}`).filter((digits) => !isAbroad.test(digits));
      return withZero.filter((digits) => shown(digits, country) !== shown(`+${code}${digits}`));
    });
    expect(others).toEqual([]);
  });

  test.each<[CountryCode, string]>([
    ["DE", "4915299944187"],
    ["DE", "49 176 6383 4204"],
    ["ID", "62816485391"],
    ["ID", "62219686183"],
    ["XK", "38349455260"],
    ["BR", "005581946098916"],
    ["CO", "00573023640277"],
    ["KR", "0082 (0)10 2345 6789"],
    ["TH", "0066634078909"],
  ])("in %s, %s is two numbers, and refused with what to write instead", (defaultCountry, input) => {
    const reason = "This can be read as more than one phone number: write it with + and the country code";
    expect(isAmbiguousPhone(input, { defaultCountry })).toBe(true);
    expect(parsePhone(input, { defaultCountry })).toEqual({ ok: false, code: "ambiguous", reason });
    expect(parseIdentifier(input, { defaultCountry })).toBe(null);
  });
});

describe("one line has one form", () => {
  test.each([
    ["+54 11 2345-6789", "+5491123456789"],
    ["+54 9 11 2345-6789", "+5491123456789"],
    ["+52 1 55 1234 5678", "+525512345678"],
    ["+225 07 12 34 56", "+2250707123456"],
    ["+225 44 12 34 56", "+2250544123456"],
    ["+225 40 12 34 56", "+2250140123456"],
    ["+225 20 81 12 34", null],
    ["+225 21 21 12 34", "+2252721211234"],
    ["+225 20 01 12 34", "+2252520011234"],
    ["+229 97 12 34 56", "+2290197123456"],
    ["+55 11 8123-4567", "+5511981234567"],
    ["+55 11 2345-6789", "+551123456789"],
    ["+84 123 456 7890", "+84834567890"],
    ["+84 169 123 4567", "+84391234567"],
    ["+237 77 12 34 56", "+237677123456"],
    ["+57 1 234 5678", "+576012345678"],
    ["+20 10 123 4567", "+201001234567"],
    ["+20 150 123 4567", "+201201234567"],
    ["+241 07 12 34 56", "+24177123456"],
    ["+241 7 12 34 56", "+24177123456"],
    ["+241 02 12 34 56", "+24162123456"],
    ["+241 01 71 23 45", "+24111712345"],
    ["+241 77 12 34 56", "+24177123456"],
    ["+230 7 12 34 56", "+23057123456"],
    ["+386 49 123 456", "+38349123456"],
    ["+972 59 912 3456", "+970599123456"],
    ["+972 2 222 3456", "+97022223456"],
    ["+39 0549 88 63 77", "+3780549886377"],
    ["+378 88 63 77", "+3780549886377"],
  ])("%s is %s", (input, number) => {
    const parsed = parsePhone(input, {});
    expect(parsed.ok ? parsed.phoneNumber : null).toBe(number);
  });

  test.each<[CountryCode, string, string]>([
    ["CI", "07 12 34 56", "+2250707123456"],
    ["BJ", "97 12 34 56", "+2290197123456"],
    ["BR", "(11) 8123-4567", "+5511981234567"],
    ["VN", "0123 456 7890", "+84834567890"],
    ["MX", "045 55 1234 5678", "+525512345678"],
    ["MX", "01 55 1234 5678", "+525512345678"],
    ["GA", "07 12 34 56", "+24177123456"],
    ["GA", "077 12 34 56", "+24177123456"],
    ["AR", "011 2345-6789", "+5491123456789"],
    ["AR", "11 15 2345-6789", "+5491123456789"],
  ])("in %s, %s is %s", (defaultCountry, input, number) => {
    expect(parsePhone(input, { defaultCountry })).toEqual({ ok: true, phoneNumber: number });
  });

  test("every change of the table makes numbers that exist, keeps them as they are, and leads back to the old form", () => {
    const digits = "2345678912".split("");
    for (const { renumberings } of Object.values(planChanges)) {
      for (const [was, is] of renumberings) {
        const fill = (form: string) =>
          `+${form.replace(/[a-z]/g, (letter) => digits[letter.charCodeAt(0) - 97] ?? "")}`;
        const [earlier, present] = [fill(was), fill(is)];
        if (!isPhoneNumber(earlier) || !isPhoneNumber(present))
          throw new Error(`${earlier} or ${present} is no number`);
        expect(toPresentForm(earlier)).toBe(present);
        expect(toPresentForm(present)).toBe(present);
        expect(earlierFormsOf(present)).toContain(earlier);
      }
    }
  });

  test("every row of the table names its source", () => {
    for (const { source } of Object.values(planChanges)) expect(source).toMatch(/^[\p{L}\p{M} -]+[,:(.]/u);
  });

  test("the form that was typed is looked for first, then the present one, then the others", () => {
    const present = "+5491123456789" as PhoneNumber;
    expect(storedFormsOf(present, "+54 11 2345-6789")).toEqual(["+541123456789", present]);
    expect(storedFormsOf(present, "+54 9 11 2345-6789")).toEqual([present, "+541123456789"]);
    expect(storedFormsOf(present, "011 2345-6789")).toEqual([present, "+541123456789"]);
  });
});

test.each<[CountryCode | undefined, string, string]>([
  ["JP", "０９０ー１２３４ー５６７８", "+819012345678"],
  ["JP", "090ｰ1234ｰ5678", "+819012345678"],
  ["JP", "090・1234・5678", "+819012345678"],
  ["JP", "090〜1234～5678", "+819012345678"],
  ["JP", "【090】1234〔5678〕", "+819012345678"],
  ["TR", "0532־123֊45᠆67", "+905321234567"],
  ["TR", "0532\u02d7123\u20434567\ufe0f", "+905321234567"],
  [undefined, "+90\u180e532\u034f123\u206a4567", "+905321234567"],
  [undefined, "tel:+905321234567", "+905321234567"],
  [undefined, "TEL:+90-532-123-45-67", "+905321234567"],
  [undefined, "+90\u00ad532\u200b123\u20604567\ufeff", "+905321234567"],
  ["TR", "[0532] 123 45 67", "+905321234567"],
  ["TR", "［0532］ 123\u200d45\u200c67", "+905321234567"],
])("in %s, %j is a spelling of %s", (defaultCountry, input, number) => {
  expect(parsePhone(input, { defaultCountry })).toEqual({ ok: true, phoneNumber: number });
  expect(parseIdentifier(input, { defaultCountry })).toEqual({ kind: "phone", value: number });
});
