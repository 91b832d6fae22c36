import { toAsciiDigits } from "./digits.ts";
import { toOneKeyboard } from "./keyboards.ts";

/**
 * The forms of a name under which another system may take two names for one: the text itself, and its coarsest form. Two names
 * collide when they share a form.
 *
 * Hashes of these forms stay when their person is deleted, and cannot be made anew then. So a form is never changed: another one
 * is added.
 */
export function comparedForms(name: string): readonly string[] {
  return [...new Set([name, toCoarseForm(name)])];
}

const invisible = /[\p{M}\p{DI}\p{White_Space}\p{Cc}]/gu;

/**
 * A name without case, width, accents, strokes through letters, white space and invisible characters. Coarser than the folding of
 * our own usernames, and than the collations of databases for which `álice` is `Alice`. For comparing with another one only.
 */
function toCoarseForm(name: string): string {
  // Most names, of which all that follows would change the case alone.
  if (/^[!-~]*$/.test(name)) return name.toLowerCase();
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
