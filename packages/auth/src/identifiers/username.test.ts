import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { shareOut } from "../testing/index.ts";
import { type Username, usernameKeyPattern } from "./grammar.ts";
import { readInput } from "./input-text.ts";
import { isReservedUsername } from "./reserved.ts";
import { findUsername, isUsername, parseUsername, storedKeysOf } from "./username.ts";

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
    ["by mathematical digits", "bob𝟙", "bob1"],
    ["by Arabic digits", "علي١٢", "علي12"],
    ["by Persian digits", "علي۱۲", "علي12"],
    ["by Devanagari digits", "नेहा१", "नेहा1"],
    ["by circled letters", "Ⓐⓛⓘⓒⓔ", "alice"],
    ["by squared letters", "🄰🄻🄸🄲🄴", "alice"],
    ["by superscript letters", "ᵃˡⁱᶜᵉ", "alice"],
    ["by Roman numerals", "ⅿaⅼⅰⅽ", "malic"],
    ["by a dotless ı and a dot", "ı\u0307pek", "ipek"],
    ["by a capital İ between accents", "PI\u0301\u0307R", "pír"],
    ["by half-width hangul", "ﾡￂ", "가"],
    ["by hangul letters one by one", "\u1100\u1161", "가"],
    ["by kana and its voicing mark", "か\u3099", "が"],
    ["by a Persian yeh", "علی", "علي"],
    ["by a yeh without dots", "على", "علي"],
    ["by a Persian kaf", "کامران", "كامران"],
    ["by an Urdu heh", "ہانیہ", "هانيه"],
    ["by a Persian yeh with a hamza", "ی\u0654", "ئ"],
    ["by an Urdu heh with a hamza", "خانۂ", "خانه\u0654"],
    ["by an African schwa", "ǝli", "əli"],
    ["by its capital", "Ǝli", "əli"],
    ["by the Azeri capital", "ƏLİ", "əli"],
    ["by a Romanian comma", "ștefan", "ştefan"],
    ["by its capital, typed apart", "S\u0326tefan", "ştefan"],
    ["by a Romanian t", "Țepeș", "ţepeş"],
    ["by an Uzbek apostrophe", "Oʻktam", "oʼktam"],
    ["by a palochka", "шахӀмад", "шахімад"],
    ["by a Yiddish double letter", "װאלף", "וואלף"],
    ["by a Thai vowel typed twice", "เเก้ว", "แก้ว"],
    ["by a Thai vowel and tone in the other order", "น\u0e4d\u0e49า", "น้ำ".normalize("NFKC")],
    ["by a Lao vowel typed twice", "ເເກ້ວ", "ແກ້ວ"],
    ["by a Khmer vowel in two parts", "សេា", "សោ"],
    ["by a Khmer subscript of the same shape", "ក្ដ", "ក្ត"],
    ["by a Malayalam chillu", "അനിൽ", "അനില്"],
    ["by a Malayalam chillu with a joiner", "അനില്\u200d", "അനില്"],
    ["by a Bengali khanda ta", "উৎপল", "উত্পল"],
    ["by a Tamil sri", "ஶ்ரீதர்", "ஸ்ரீதர்"],
    ["by a Persian non-joiner", "علی\u200cرضا", "عليرضا"],
    ["by a Devanagari joiner", "क्\u200dषमा", "क्षमा"],
    ["by a Sinhala joiner", "ශ්\u200dරී", "ශ්රී"],
    ["by a Bengali non-joiner", "অর্\u200cণব", "অর্ণব"],
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
    ["Greek capitals in a Latin name", "ΑLICE"],
    ["Cyrillic capitals in a Latin name", "АLICE"],
    ["Greek in a Cyrillic name", "маρия"],
    ["Coptic in a Greek name", "αⲁ"],
    ["Lisu in a Latin name", "ꓮlice"],
    ["a full-width Cyrillic look-alike", "ａlісе"],
    ["a mathematical Greek letter in a Latin name", "𝛂lice"],
    ["Chinese zero in a Latin name", "b〇b"],
    ["Chinese zero among digits", "김2〇"],
    ["a Chinese stroke in a Latin name", "a丨ice"],
    ["a Chinese one for a hyphen", "mary一jane"],
    ["a kana lengthening for a hyphen", "maryーjane"],
    ["bopomofo in a Latin name", "ㄈarol"],
    ["a hangul letter in a Latin name", "aㅣice"],
    ["a hangul circle in a Latin name", "bㅇb"],
    ["hangul letters outside a syllable", "김ᆨ"],
    ["Arabic digits in a Latin name", "alice١"],
    ["Devanagari digits in a Latin name", "alice१"],
    ["a dingbat number", "alice❶"],
    ["a counting rod", "alice𝍷"],
    ["a note for a dot", "alice\u{1d16d}com"],
    ["an apostrophe of no script", "alice\u02b9"],
    ["a colon of no script", "alice\u02d0"],
    ["a modifier letter", "aliceˋ"],
    ["a saltillo", "aliceꞌ"],
    ["small capitals", "ᴀʟɪᴄᴇ"],
    ["a Latin alpha", "ɑlice"],
    ["its capital", "ⱭLICE"],
    ["a script g", "maɡ"],
    ["a Latin iota", "alɩce"],
    ["a small capital i", "alɪce"],
    ["a click letter", "aǀice"],
    ["a phonetic ligature", "ʦar"],
    ["a manuscript's double letter", "ꜳron"],
    ["a reversed c", "aↄ"],
    ["a stroke through a letter, which is ø too", "bjo\u0338rn"],
    ["a bar through a letter, which is đ too", "d\u0335ang"],
    ["an overline for a macron", "a\u0305ra"],
    ["a low line under a letter", "a\u0332b"],
    ["a letter above a letter", "a\u0366sa"],
    ["a kana ring on a Latin letter, which is å too", "a\u309asa"],
    ["a hangul tone on a Latin letter", "a\u302calice"],
    ["a Vedic accent on a Latin letter", "a\u0952lice"],
    ["a tatweel, which only lengthens", "عـلي"],
    ["a mark that N'Ko lengthens by", "ߊߺߡߊ"],
  ])("%s", (_, input) => {
    expect(reasonOf(input)).toMatch(/one alphabet|one kind of digits|pile up|pass for others/);
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
    ["zero-width non-joiner", "ali\u200cce"],
    ["a non-joiner behind a letter that joins to none", "محمد\u200cرضا"],
    ["a non-joiner at the end", "علی\u200c"],
    ["a non-joiner at the start", "\u200cعلی"],
    ["two non-joiners", "علی\u200c\u200cرضا"],
    ["a non-joiner in Arabic before Latin", "علی\u200calice"],
    ["a joiner in Arabic", "عل\u200dی"],
    ["a joiner without a virama", "क\u200dष"],
    ["a joiner before a vowel sign", "क्\u200dा"],
    ["a virama and a joiner alone", "\u094d\u200d"],
    ["a non-joiner in Cyrillic", "ма\u200cрия"],
    ["word joiner", "ali\u2060ce"],
    ["invisible times", "ali\u2062ce"],
    ["Arabic letter mark", "علي\u061c"],
    ["right-to-left mark", "עומר\u200f"],
    ["right-to-left embedding", "\u202balice\u202c"],
    ["first strong isolate", "\u2068alice\u2069"],
    ["Mongolian vowel separator", "ali\u180ece"],
    ["Khmer inherent vowel", "ក\u17b4"],
    ["interlinear annotation", "a\ufff9b"],
    ["a musical beam", "a\u{1d173}b"],
    ["shorthand overlap", "a\u{1bca0}b"],
    ["half-width Hangul filler", "a\uffa0b"],
    ["negative squared letters", "🅰lice"],
    ["a regional indicator", "a🇦"],
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

test("a name keeps its joiners as it is written", () => {
  expect(parseUsername("علی\u200cرضا")).toEqual({ ok: true, username: "علی\u200cرضا", key: "عليرضا" });
});

test("what is looked for is the key of the keyboard that typed it, then that of all", () => {
  const key = "عليرضا" as Username;
  expect(storedKeysOf(key, "علی\u200cرضا")).toEqual(["علیرضا", key]);
  expect(storedKeysOf(key, "عليرضا")).toEqual([key]);
});

test("no reason repeats what was typed", () => {
  expect(reasonOf("secret hunter2")).not.toContain("hunter2");
});

describe("folding", () => {
  for (const { tags, cases } of shareOut(characters, 8))
    test("of every code point is stable, whatever its case and composition, and stays within the database's grammar", {
      tags,
    }, () => {
      const unstable = cases.filter((character) => !isFoldedOnce(character) || !isFoldedOnce(`a${character}`));
      expect(unstable).toEqual([]);
    });

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
    "adm1n",
    "r00t",
    "supp0rt",
    "heIp",
    "maiIer.daemon",
    "adrnin",
    "vvvvvv",
    "røøt",
    "łatchkey",
    "арі",
    "һеӏр",
    "ԝԝԝ",
    "ΜΕ",
    "ꓮꓓꓟꓲꓠ",
    "ᎡᎤᎤᎢ",
  ])("%s is reserved, and an administrator can still create it", (name) => {
    const result = parseUsername(name);
    expect(result.ok && isReservedUsername(result)).toBe(true);
  });

  test.each(["alice", "adminka", "rooted", "meg", "_", "Сара", "Με", "mina", "aplo"])("%s is not", (name) => {
    const result = parseUsername(name);
    expect(result.ok && isReservedUsername(result)).toBe(false);
  });
});
