import { dictionary } from "@zxcvbn-ts/language-common";
import { wordsOfPasswords } from "./words-of-passwords.ts";

/** Letters that no decomposition makes plain. */
const plainLetters: Readonly<Record<string, string>> = {
  ł: "l",
  đ: "d",
  ø: "o",
  æ: "ae",
  œ: "oe",
  ħ: "h",
  ŧ: "t",
  ə: "e",
  ı: "i",
  ς: "σ",
};
const zeros = ["٠", "۰", "०", "০", "๐"].map((zero) => zero.charCodeAt(0));

function toAsciiDigit(digit: string): string {
  const codePoint = digit.charCodeAt(0);
  const zero = zeros.find((start) => codePoint >= start && codePoint < start + 10);
  return zero === undefined ? digit : String(codePoint - zero);
}

const isAscii = /^[\0-\x7f]*$/;

/**
 * How common passwords are compared: without case, width, diacritics and the dot of an i, so that `ŞİFRE`, `Şifre` and `ｓｉｆｒｅ` are `sifre`.
 * For comparing, and for nothing else.
 */
export function foldPassword(password: string): string {
  // As all that is below would have it. Most of the list is such, and whoever asks for it folds the whole of it.
  if (isAscii.test(password)) return password.toLowerCase();
  const bare = password
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .replace(/\p{Nd}/gu, toAsciiDigit);
  const folded = bare.toLowerCase().toUpperCase().toLowerCase();
  return folded.replace(/[łđøæœħŧəıς]/gu, (letter) => plainLetters[letter] ?? letter).normalize("NFC");
}

let foldedWords: ReadonlySet<string> | undefined;

/** Folded, of any length: a short word is common with a year behind it. Most processes of a command line never ask for them. */
function commonWords(): ReadonlySet<string> {
  foldedWords ??= new Set([...dictionary["passwords-common"], ...wordsOfPasswords].map(foldPassword));
  return foldedWords;
}

const isLongEnough = (word: string) => [...word].length >= 6;

/** What is refused as it stands, folded, and of a length that a password can have: about 42,000 of the commonest, those of many languages among them. */
export const listCommonPasswords = (): string[] => [...commonWords()].filter(isLongEnough);

/** Whether a password is one of the commonest, whatever its case, width and accents; or one character repeated; or characters in a row. */
export function isCommonPassword(password: string): boolean {
  const folded = foldPassword(password);
  return (commonWords().has(folded) && isLongEnough(folded)) || isRun(folded);
}

/**
 * Whether a password is a common one with what people add when they are told to choose another: `1`, `!`, `123`, a year, in front or
 * behind, or the same again; or up to four characters again and again, such as `19841984`.
 */
export function isDecoratedCommonPassword(password: string): boolean {
  const words = undecorated(foldPassword(password));
  return words.some((word) => commonWords().has(once(word)) || isRun(word) || repeated.test(word));
}

/** One character repeated, or code points that count up or down by one: `00000000`, `abcdefgh`, `87654321`. */
function isRun(text: string): boolean {
  const codePoints = Array.from(text, (character) => character.codePointAt(0) ?? 0);
  const steps = new Set(codePoints.slice(1).map((codePoint, index) => codePoint - (codePoints[index] ?? 0)));
  const [step = 0] = steps;
  return steps.size <= 1 && Math.abs(step) <= 1;
}

/** Of every keyboard and of every telephone: `!`, `€`, a face. */
const signs = String.raw`[\p{P}\p{S} ]{0,3}`;
/** Of somebody's birth, or of a history. */
const year = "(?:1[0-9]|20)[0-9]{2}";
const countings = "123456789|12345678|1234567|123456|12345|1234|123|321|007|5201314|1314520|520";
/** Of one length each, because digits may belong to the word as well: `abc123` and a `4`. */
const numbers = ["", "[0-9]", "[0-9]{2}", "([0-9])\\1{2,3}", year, countings];
const shortestWord = 4;

/** A letter on a row of digits. */
const letterOnDigits = /^[a-z](?=[0-9]{5})|(?<=[0-9]{5})[a-z]$/;

const behind = numbers.map((number) => new RegExp(`${signs}(?:${number})${signs}$`, "u"));
const inFront = numbers.map((number) => new RegExp(`^${signs}(?:${number})${signs}`, "u"));

/** Longer ones are phrases that somebody made long on purpose. */
const repeated = /^(?=.{4,20}$)(.{1,4})\1+$/u;

function undecorated(folded: string): string[] {
  const ends = [letterOnDigits, ...behind].map((pattern) => folded.replace(pattern, ""));
  const words = ends.flatMap((text) => [text, ...inFront.map((pattern) => text.replace(pattern, ""))]);
  return [...new Set(words)].filter((word) => word.length >= shortestWord);
}

/** `monkeymonkey` → `monkey`. */
function once(word: string): string {
  return word.replace(/^(.{3,}?)\1+$/u, "$1");
}
