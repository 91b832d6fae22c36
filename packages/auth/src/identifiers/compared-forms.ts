import { toAsciiDigits } from "./digits.ts";
import { toOneKeyboard } from "./keyboards.ts";

/**
 * The forms of a name under which another system may take two names for one: the text itself, its form without case and accents, and what
 * is left of it for the coarsest collations of databases, which may be two texts. Two names collide when they share a form.
 *
 * Hashes of these forms stay when their person is deleted, and cannot be made anew then. So a form is never changed: another one
 * is added.
 */
export function comparedForms(name: string): readonly string[] {
  // Most names, of which all that follows would change the case alone.
  if (/^[!-~]*$/.test(name)) return [...new Set([name, name.toLowerCase()])];
  return [...new Set([name, toCoarseForm(name), toCollatedForm(name), toCollatedForm(withUmlautsInTwo(name))])];
}

const invisible = /[\p{M}\p{DI}\p{White_Space}\p{Cc}]/gu;

/**
 * A name without case, width, accents, strokes through letters, white space and invisible characters. Coarser than the folding of
 * our own usernames, and than the collations of databases for which `álice` is `Alice`. For comparing with another one only.
 */
function toCoarseForm(name: string): string {
  const typed = toOneKeyboard(foldCase(name.normalize("NFKD")).normalize("NFKC"));
  const folded = foldCase(typed).normalize("NFKD");
  const letters = toAsciiDigits(folded.replace(invisible, "")).replaceAll("เเ", "แ");
  const image = [...letters].map((letter) => imageOf.get(letter) ?? letter).join("");
  return image.replace(/[ァ-ヶ]/gu, toHiragana);
}

/** Full case folding; the sigmas are one. */
function foldCase(text: string): string {
  return text.toLowerCase().toUpperCase().toLowerCase().replaceAll("ς", "σ");
}

/** Letters that keyboards and collations do not keep apart, each after the text that stands for them. */
const images: readonly (readonly [image: string, letters: string])[] = [
  ["a", "ⱥ"],
  ["ae", "æ"],
  ["b", "ƀ"],
  ["d", "đðɖ"],
  ["e", "ɇ"],
  ["g", "ǥ"],
  ["h", "ħ"],
  ["i", "ıɨ"],
  ["j", "ɉ"],
  ["l", "łƚ"],
  ["o", "øɵ"],
  ["oe", "œ"],
  ["r", "ɍ"],
  ["t", "ŧⱦ"],
  ["th", "þ"],
  ["u", "ʉ"],
  ["y", "ɏ"],
  ["z", "ƶ"],
  ["ə", "ǝ"],
  ["ك", "کڪ"],
  ["ي", "یىے"],
  ["ه", "ہەھ"],
];
const imageOf = new Map(images.flatMap(([image, letters]) => [...letters].map((letter) => [letter, image] as const)));

/** The two sets of kana stand 96 code points apart. */
function toHiragana(katakana: string): string {
  return String.fromCodePoint((katakana.codePointAt(0) ?? 0) - 0x60);
}

/**
 * A name as the coarsest collations read it: those of MariaDB and MySQL that do not tell apart `ß` and `s`, accents that full case folding
 * would make letters of, small and full-sized kana, or any two characters beyond the first plane; and the Unicode Collation Algorithm by
 * primary weights, for which the final letters of Hebrew and the two alphabets of Georgian are one.
 */
function toCollatedForm(name: string): string {
  const bare = name.normalize("NFKD").replace(invisible, "").replace(lengthening, "").replace(/[ßẞ]/g, "s");
  const letters = [...toCoarseForm(bare)].map((letter) => collated.get(letter) ?? letter).join("");
  return letters.replace(/[\u{10000}-\u{10ffff}]/gu, "\ufffd");
}

/** As a German telephone book sorts, and the collations that are called after it (`german2_ci`): `müller` is `mueller`. */
function withUmlautsInTwo(name: string): string {
  return name.normalize("NFKC").replace(/[äöüÄÖÜ]/g, (letter) => `${letter}e`);
}

/** Strokes that only lengthen a word: of Arabic and N'Ko. */
const lengthening = /[\u0640\u07fa]/g;

const collated = new Map(
  [
    ..."ぁあ ぃい ぅう ぇえ ぉお っつ ゃや ゅゆ ょよ ゎわ ゕか ゖけ ㇰく ㇱし ㇲす ㇳと ㇴぬ ㇵは ㇶひ ㇷふ ㇸへ ㇹほ ㇺむ ㇻら ㇼり ㇽる ㇾれ ㇿろ".split(
      " ",
    ),
    ..."ךכ םמ ןנ ףפ ץצ ґг".split(" "),
    ...georgian(),
  ].map(([letter = "", image = ""]) => [letter, image] as const),
);

/** The ecclesiastical capitals, folded, and the letters of today. */
function georgian(): string[] {
  return Array.from({ length: 38 }, (_, index) => String.fromCodePoint(0x2d00 + index, 0x10d0 + index));
}
