import fc from "fast-check";
import { type CountryCode, getCountries } from "libphonenumber-js/max";
import { describe, expect, test } from "vitest";
import { processorTimeOf } from "../testing/processor-time.ts";
import { parseEmail } from "./email.ts";
import { emailPattern, phonePattern, usernameKeyPattern } from "./grammar.ts";
import { type Identifier, parseIdentifier } from "./identifier.ts";
import { parsePhone } from "./phone.ts";
import { parseUsername } from "./username.ts";

const patterns = {
  username: new RegExp(usernameKeyPattern, "u"),
  phone: new RegExp(phonePattern, "u"),
  email: new RegExp(emailPattern, "u"),
};

const country = fc.constantFrom<(CountryCode | undefined)[]>(undefined, "TR", "US", "DE", "IT", ...getCountries());
const telling = fc.constantFrom(
  ..."aAıİßКа٣１5+＋@＠._- ()\u200b\u202e\u0301\u0345\0",
  "example.com",
  "+90",
  "532123",
  "00",
);
const anyInput = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.string({ unit: "grapheme", maxLength: 40 }),
  fc.string({ unit: "binary-ascii", maxLength: 40 }),
  fc.array(fc.nat(0xffff), { maxLength: 20 }).map((units) => String.fromCharCode(...units)),
  fc.string({ unit: telling, maxLength: 12 }),
);

/** What each kind's own parser would store of the input. */
function storable(input: string, defaultCountry: CountryCode | undefined): Identifier[] {
  const username = parseUsername(input);
  const phone = parsePhone(input, { defaultCountry });
  const email = parseEmail(input);
  return [
    ...(username.ok ? [{ kind: "username", value: username.key } as const] : []),
    ...(phone.ok ? [{ kind: "phone", value: phone.phoneNumber } as const] : []),
    ...(email.ok ? [{ kind: "email", value: email.key } as const] : []),
  ];
}

describe("no input can reach two people", () => {
  test("whatever the string: nothing throws, at most one kind stores it, and sign-in reads it as that one", () => {
    fc.assert(
      fc.property(anyInput, country, (input, defaultCountry) => {
        const identifier = parseIdentifier(input, { defaultCountry });
        const stored = storable(input, defaultCountry);
        expect(stored.length).toBeLessThanOrEqual(1);
        if (stored[0]) expect(identifier).toEqual(stored[0]);
      }),
      { numRuns: 2_000 },
    );
  });

  test("a canonical value is read as itself in every country, and matches its own pattern only", () => {
    fc.assert(
      fc.property(anyInput, country, country, (input, here, elsewhere) => {
        const identifier = parseIdentifier(input, { defaultCountry: here });
        if (identifier === null) return;
        expect(parseIdentifier(identifier.value, { defaultCountry: elsewhere })).toEqual(identifier);
        expect(kindsMatching(identifier.value)).toEqual([identifier.kind]);
      }),
      { numRuns: 2_000 },
    );
  });

  test("no string matches two of the database's patterns", () => {
    const canonicalLooking = fc.string({ unit: fc.constantFrom(..."az09._-+@é"), maxLength: 16 });
    fc.assert(
      fc.property(fc.oneof(anyInput, canonicalLooking), (value) => {
        expect(kindsMatching(value).length).toBeLessThanOrEqual(1);
      }),
      { numRuns: 2_000 },
    );
  });

  function kindsMatching(value: string): string[] {
    return Object.entries(patterns).flatMap(([kind, pattern]) => (pattern.test(value) ? [kind] : []));
  }

  test("a username as it was written signs in", () => {
    const letters = fc.string({ unit: fc.constantFrom(..."aZıİßΣς_.-9éﬁ"), minLength: 1, maxLength: 10 });
    fc.assert(
      fc.property(letters, country, (input, defaultCountry) => {
        const result = parseUsername(input);
        if (!result.ok) return;
        const reached = { kind: "username", value: result.key };
        expect(parseIdentifier(` ${result.username} `, { defaultCountry })).toEqual(reached);
        expect(parseIdentifier(result.username.toUpperCase(), { defaultCountry })).toEqual(reached);
      }),
    );
  });
});

test.each([
  ["alice", "username", "alice"],
  ["_5321234567", "username", "_5321234567"],
  ["a5321234567", "username", "a5321234567"],
  ["О5321234567", "username", "о5321234567"],
  ["5321234567", "phone", "+905321234567"],
  ["+90 532 123 45 67", "phone", "+905321234567"],
  ["٠٥٣٢١٢٣٤٥٦٧", "phone", "+905321234567"],
  ["5321234567@example.com", "email", "5321234567@example.com"],
  ["alice＠example.com", "email", "alice@example.com"],
])("%j is one thing only: %s", (input, kind, value) => {
  expect(parseIdentifier(input, { defaultCountry: "TR" })).toEqual({ kind, value });
});

test.each([
  "",
  " ",
  "@",
  "@alice",
  "alice@",
  "12345",
  "admin 5321234567",
  "5321234567a",
  "O532\u200b",
  "+",
  "a+b",
  "#1",
  "\ud800",
  "\0",
])("nobody can be called %j", (input) => {
  expect(parseIdentifier(input, { defaultCountry: "TR" })).toBe(null);
});

test("a name chosen under older tables of scripts still signs in, though it could not be chosen today", () => {
  expect(parseUsername("аlice").ok).toBe(false);
  expect(parseIdentifier("аlice", {})).toEqual({ kind: "username", value: "аlice" });
});

test("an input of hostile length costs next to nothing", async () => {
  const fillers = ["a", "1", "+1", "a@", "@a", "a.", "-a", ".", " ", "ﷺ", "a\u0301", "\u0345", "\u0130", "x@" + "a-"];
  const spent = await processorTimeOf(() => {
    for (const filler of fillers) {
      for (const length of [320, 1_000_000]) {
        const input = filler.repeat(length).slice(0, length);
        for (const text of [input, `a${input}`.slice(0, length), `a@${input}`.slice(0, length)]) {
          parseIdentifier(text, { defaultCountry: "US" });
          storable(text, "US");
        }
      }
    }
  });
  expect(spent).toBeLessThan(1_000);
});
