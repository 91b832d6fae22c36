import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { usernameKeyPattern } from "./grammar.ts";
import { readInput } from "./input-text.ts";
import { isReservedUsername } from "./reserved.ts";
import { findUsername, isUsername, parseUsername } from "./username.ts";

const pattern = new RegExp(usernameKeyPattern, "u");
/** Every code point that Unicode has given a meaning. */
const characters = Array.from({ length: 0x11_0000 }, (_, codePoint) => String.fromCodePoint(codePoint)).filter(
  (character) => !/\p{Cn}|\p{Co}|\p{Cs}/u.test(character),
);

function keyOf(input: string): string | null {
  const result = parseUsername(input);
  return result.ok ? result.key : null;
}

function signInKeyOf(input: string): string | null {
  const text = readInput(input);
  return text && findUsername(text);
}

function reasonOf(input: string): string | null {
  const result = parseUsername(input);
  return result.ok ? null : result.reason;
}

describe("two people cannot have names that differ only", () => {
  test.each([
    ["by full width", "ａｌｉｃｅ", "alice"],
    ["by mathematical letters", "𝒶𝓁𝒾𝒸ℯ", "alice"],
    ["by case", "ALICE", "alice"],
    ["by outer white space", "\u00a0 alice\u3000\n", "alice"],
    ["by composition", "Jose\u0301", "josé"],
    ["by a ligature", "ﬁona", "fiona"],
    ["by the Kelvin sign", "\u212aim", "kim"],
    ["by the Angstrom sign", "\u212bsa", "åsa"],
    ["by the long s", "roſe", "rose"],
    ["by ß and ss", "groß", "gross"],
    ["by ẞ and ss", "GROẞ", "gross"],
    ["by the final sigma", "ΟΔΥΣΣΕΥΣ", "οδυσσευσ"],
    ["by a sigma inside", "οδυσσευς", "οδυσσευσ"],
    ["by the iota below", "ᾳ", "αι"],
    ["by the Turkish İ", "İPEK", "ipek"],
    ["by a dot over an i", "i\u0307pek", "ipek"],
    ["by the dotless ı", "ırmak", "irmak"],
    ["by its capital", "IRMAK", "irmak"],
    ["by Cherokee case", "ᎠᏍᎪᎵ", "ꭰꮝꭺꮅ"],
    ["by Georgian case", "ᲜᲘᲜᲝ", "ნინო"],
    ["by Arabic presentation forms", "ﻋﻠﻲ", "علي"],
    ["by half-width katakana", "ﾊﾅｺ", "ハナコ"],
    ["by circled digits", "bob①", "bob1"],
  ])("%s", (_, input, key) => {
    expect(keyOf(input)).toBe(key);
    expect(keyOf(key)).toBe(key);
  });
});

describe("a name that looks like another's is refused", () => {
  test.each([
    ["Cyrillic а in a Latin name", "аlice"],
    ["Greek ο in a Latin name", "bοb"],
    ["Armenian օ in a Latin name", "bօb"],
    ["Cherokee in a Latin name", "Ꭺlice"],
    ["Latin a in a Cyrillic name", "мaрия"],
    ["katakana with hangul", "アリ김"],
    ["bopomofo with hiragana", "ㄅあ"],
    ["Latin with Arabic", "aliعلي"],
    ["a Greek accent on a Latin letter", "a\u0342lice"],
    ["a historic script", "𐌀𐌋𐌉"],
    ["digits of two kinds", "علي1٢"],
    ["two kinds of Arabic digits", "علي١۲"],
    ["the same accent twice", "a\u0301\u0301lice"],
    ["accents piled over a dot", "I\u0301\u0307\u0301"],
    ["piled accents", "a\u0301\u0302\u0303\u0304\u0306lice"],
    ["an enclosing mark", "a\u20ddlice"],
  ])("%s", (_, input) => {
    expect(reasonOf(input)).toMatch(/one alphabet|one kind of digits|pile up/);
  });
});

describe("a name that cannot be seen, typed or told from another kind is refused", () => {
  test.each([
    ["nothing", ""],
    ["white space", " \u3000\t"],
    ["zero-width space", "alice\u200b"],
    ["zero-width joiner", "ali\u200dce"],
    ["byte order mark inside", "ali\ufeffce"],
    ["soft hyphen", "ali\u00adce"],
    ["right-to-left override", "\u202ealice"],
    ["left-to-right mark", "alice\u200e"],
    ["isolate", "\u2066alice\u2069"],
    ["Hangul filler", "a\u3164b"],
    ["Hangul filler alone", "\u115f"],
    ["combining grapheme joiner", "a\u034fb"],
    ["variation selector", "a\ufe0f"],
    ["ideographic variation selector", "葛\u{e0100}"],
    ["tag characters", "a\u{e0061}"],
    ["blank braille", "a\u2800"],
    ["private use", "a\ue000"],
    ["unassigned", "a\u0378"],
    ["not a character", "a\uffff"],
    ["a lone surrogate", "a\ud800"],
    ["NUL", "alice\0"],
    ["a control", "a\u0085b"],
    ["a line break", "alice\nbob"],
    ["inner white space", "alice bob"],
    ["an e-mail address", "alice@example.com"],
    ["a full-width @", "alice＠example.com"],
    ["a plus sign", "alice+1"],
    ["a full-width plus sign", "alice＋1"],
    ["digits alone", "5321234567"],
    ["full-width digits", "５３２１２３４５６７"],
    ["Arabic digits", "٠٥٣٢١٢٣٤٥٦٧"],
    ["a digit first", "1alice"],
    ["a dot first", ".alice"],
    ["a hyphen first", "-rf"],
    ["a mark first", "\u0301a"],
    ["underscores alone", "___"],
    ["a slash", "a/b"],
    ["markup", "<b>a"],
    ["a quote", "a'b"],
    ["an emoji", "alice😀"],
    ["a fraction, for its slash", "a½"],
    ["151 characters", "a".repeat(151)],
    ["151 characters once folded", "ß".repeat(76)],
    ["321 units", "a".repeat(321)],
  ])("%s", (_, input) => {
    expect(reasonOf(input)).toMatch(/^A username /);
  });
});

test.each([
  ["alice", "_alice", "a", "O.Brien-2", "x".repeat(150), "𝐚".repeat(150)],
  [
    "Мария",
    "Ὀδυσσεύς",
    "עומר",
    "علی_۱۲",
    "नेहा१",
    "ஐஸ்வர்யா",
    "สมชาย",
    "김철수",
    "李",
    "山田たろう",
    "タロー2",
    "taro太郎",
    "ㄅㄆㄇ李",
    "ღვინო",
  ],
  ["ⴰⵎⵉⵏ", "ߊߡߊ", "Đặng", "ʻokina".slice(1), "Zażółć", "བཀྲ་ཤིས".replaceAll("་", "")],
])("people keep the names of their languages (%#)", (...names) => {
  for (const name of names) expect(reasonOf(name)).toBe(null);
});

test("a name is kept as it is written, in NFKC, beside its key", () => {
  expect(parseUsername(" Ａlice.ẞ ")).toEqual({ ok: true, username: "Alice.ẞ", key: "alice.ss" });
});

test("no reason repeats what was typed", () => {
  expect(reasonOf("secret hunter2")).not.toContain("hunter2");
});

describe("folding", () => {
  test("of every code point is stable, whatever its case and composition, and stays within the database's grammar", () => {
    const unstable = characters.filter((character) => !isFoldedOnce(character) || !isFoldedOnce(`a${character}`));
    expect(unstable).toEqual([]);
  }, 20_000);

  function isFoldedOnce(input: string): boolean {
    const key = signInKeyOf(input);
    if (key === null) return true;
    const spellings = new Set([
      key,
      input.toLowerCase(),
      input.toUpperCase(),
      input.normalize("NFD"),
      input.normalize("NFKD"),
    ]);
    spellings.delete(input);
    return pattern.test(key) && isUsername(key) && [...spellings].every((spelling) => signInKeyOf(spelling) === key);
  }

  test("of every letter finds a key: none is refused for its folding", () => {
    const refused = characters
      .filter((character) => /^(?!.*\p{DI})\p{L}[\p{L}\p{M}\p{N}]*$/u.test(character.normalize("NFKC")))
      .filter((letter) => signInKeyOf(letter) === null);
    expect(refused).toEqual([]);
  });

  test("of any accepted name is stable", () => {
    const awkward = [..."aiIİıßẞſKΣςσΐᾳŉǰﬁﬃⅧᏣꮳ\u0345\u0307\u0301\u0323\u0308\u093c\u05b0\u3099カか한가._-1²"];
    const names = fc.string({ unit: fc.constantFrom(...awkward), minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(names, (name) => {
        const result = parseUsername(name);
        if (!result.ok) return;
        const { key, username } = result;
        expect(parseUsername(username)).toEqual(result);
        expect(keyOf(key)).toBe(key);
        for (const spelling of [username.toLowerCase(), username.toUpperCase(), username.normalize("NFD")]) {
          expect(signInKeyOf(spelling)).toBe(key);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("reserved names", () => {
  test.each([
    "admin",
    "ADMİN",
    "ａｄｍｉｎ",
    "_admin_",
    "ad.min",
    "ádmin",
    "No-Reply",
    "null",
    "Latchkey",
    "me",
    "root",
  ])("%s is reserved, and an administrator can still create it", (name) => {
    const result = parseUsername(name);
    expect(result.ok && isReservedUsername(result.key)).toBe(true);
  });

  test.each(["alice", "adminka", "rooted", "meg", "_"])("%s is not", (name) => {
    const result = parseUsername(name);
    expect(result.ok && isReservedUsername(result.key)).toBe(false);
  });
});
