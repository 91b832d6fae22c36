import fc from "fast-check";
import { expect, test } from "vitest";
import { comparedForms } from "./compared-forms.ts";
import { parseUsername } from "./username.ts";

const collide = (one: string, other: string) => comparedForms(one).some((form) => comparedForms(other).includes(form));

test.each([
  ["case", "Alice", "aLICE"],
  ["width", "ａｌｉｃｅ", "alice"],
  ["a dotless ı", "Alıce", "alice"],
  ["a dotted İ", "ALİCE", "alice"],
  ["accents", "Álíçe", "alice"],
  ["accents that stand apart", "a\u0301lice", "alice"],
  ["a stroke", "bjørn", "bjorn"],
  ["a bar", "đorđe", "dorde"],
  ["ß", "straße", "STRASSE"],
  ["a ligature", "ﬁona", "fiona"],
  ["æ", "Ægir", "aegir"],
  ["white space", " alice\u00a0", "alice"],
  ["soft hyphens and zero width", "a\u00adl\u200bice", "alice"],
  ["the final sigma", "ΟΔΥΣΣΕΥΣ", "οδυσσευς"],
  ["digits", "علي١٢", "علي12"],
  ["Persian and Arabic letters", "علی", "علي"],
  ["Azeri letters", "əli", "ǝli"],
  ["two Thai letters for one", "เเดง", "แดง"],
  ["kana", "ハナコ", "はなこ"],
  ["kana of half width", "ﾊﾅｺ", "はなこ"],
  ["Hebrew points", "שָׁלוֹם", "שלום"],
  ["ß as a collation reads it", "weiß", "weis"],
  ["umlauts as a telephone book sorts them", "MÜLLER", "mueller"],
  ["a mark that folding would make a letter", "ᾳδης", "αδης"],
  ["small kana", "はっとり", "はつとり"],
  ["small Ainu kana", "アイㇴ", "あいぬ"],
  ["the final letters of Hebrew", "כהן", "כהנ"],
  ["Arabic strokes that lengthen a word", "محمـــد", "محمد"],
  ["Ukrainian ґ", "ґанна", "ганна"],
  ["the alphabets of Georgian", "ႠႬႠ", "ანა"],
  ["what lies beyond the first plane", "𠮷田", "𡈽田"],
])("names that differ by %s only collide", (_, one, other) => {
  expect(collide(one, other)).toBe(true);
  expect(collide(other, one)).toBe(true);
});

test.each([
  ["alice", "alicia"],
  ["bob1", "bob2"],
  ["ali", "əli"],
  ["a.b", "ab"],
  ["김", "이"],
])("%s and %s do not", (one, other) => {
  expect(collide(one, other)).toBe(false);
});

test("two usernames that are one here collide, whatever they are written with", () => {
  const character = fc.oneof(
    fc.constantFrom(..."ൺൻৎเๅሀțșҏӏװײaBıİIßẞſςΣσΆᾳᾼǅ１①ⅷK\u0307\u0301\u0345ﬀㇰハﾊ가一ᎠꭰႠⴀ١۱ٱئیيکكेǝƏøĐ"),
    fc.string({ unit: "grapheme", minLength: 1, maxLength: 1 }),
  );
  const names = fc.array(character, { minLength: 1, maxLength: 8 }).map((characters) => characters.join(""));
  fc.assert(
    fc.property(names, (name) => {
      const parsed = parseUsername(name);
      if (!parsed.ok) return;
      expect(collide(name, parsed.key), JSON.stringify(name)).toBe(true);
      expect(collide(parsed.username, parsed.key), JSON.stringify(name)).toBe(true);
    }),
    { numRuns: 5_000 },
  );
});

test("a name of ASCII alone has the coarse form that it has beside something invisible", () => {
  const ascii = fc.string({ unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)) });
  fc.assert(
    fc.property(ascii, (name) => {
      expect(comparedForms(name).at(-1)).toBe(comparedForms(`${name}\u200b`)[1]);
    }),
  );
});
