/**
 * Letters, and sequences of them, of one script that keyboards of different languages, or two ways of typing, write differently, and that
 * readers take for one another or cannot tell apart. The first is read as the second. In this order, on folded text in NFKC; a database
 * has the same list in its function `latchkey.one_keyboard`, so an addition needs a migration.
 */
export const keyboardPairs: readonly (readonly [from: string, to: string])[] = [
  // Arabic: yeh and kaf of Persian, Urdu and Arabic keyboards, yeh without dots, the four letters for h.
  ["\u06cc", "\u064a"],
  ["\u0649", "\u064a"],
  ["\u06a9", "\u0643"],
  ["\u06aa", "\u0643"],
  ["\u06c0", "\u0647\u0654"],
  ["\u06c2", "\u0647\u0654"],
  ["\u06c1", "\u0647"],
  ["\u06d5", "\u0647"],
  ["\u06be", "\u0647"],
  ["\u06c3", "\u0629"],
  // Malay ga.
  ["\u0762", "\u06ac"],
  // Latin: Azeri ə and the African letter of the same shape, Romanian commas and cedillas, the Uzbek and Hawaiian apostrophes.
  ["\u01dd", "\u0259"],
  ["\u0219", "\u015f"],
  ["\u021b", "\u0163"],
  ["\u02bb", "\u02bc"],
  // Cyrillic: the palochka of the Caucasus, which few keyboards have.
  ["\u04cf", "\u0456"],
  // Hebrew: the double letters of Yiddish keyboards.
  ["\u05f0", "\u05d5\u05d5"],
  ["\u05f1", "\u05d5\u05d9"],
  ["\u05f2", "\u05d9\u05d9"],
  // Thai and Lao: sara ae as sara e twice, the long mark for sara aa, nikhahit before or behind a tone.
  ["\u0e40\u0e40", "\u0e41"],
  ["\u0e45", "\u0e32"],
  ["\u0e4d\u0e48", "\u0e48\u0e4d"],
  ["\u0e4d\u0e49", "\u0e49\u0e4d"],
  ["\u0e4d\u0e4a", "\u0e4a\u0e4d"],
  ["\u0e4d\u0e4b", "\u0e4b\u0e4d"],
  ["\u0ec0\u0ec0", "\u0ec1"],
  ["\u0ecd\u0ec8", "\u0ec8\u0ecd"],
  ["\u0ecd\u0ec9", "\u0ec9\u0ecd"],
  ["\u0ecd\u0eca", "\u0eca\u0ecd"],
  ["\u0ecd\u0ecb", "\u0ecb\u0ecd"],
  // Khmer: vowels in two parts, and the two subscripts of one shape.
  ["\u17c1\u17b6", "\u17c4"],
  ["\u17c1\u17b8", "\u17be"],
  ["\u17d2\u178a", "\u17d2\u178f"],
  // Malayalam and Bengali: letters without a vowel, as one character or as a consonant and its virama.
  ["\u0d7a", "\u0d23\u0d4d"],
  ["\u0d7b", "\u0d28\u0d4d"],
  ["\u0d7c", "\u0d30\u0d4d"],
  ["\u0d7d", "\u0d32\u0d4d"],
  ["\u0d7e", "\u0d33\u0d4d"],
  ["\u0d7f", "\u0d15\u0d4d"],
  ["\u09ce", "\u09a4\u09cd"],
  // Tamil: the syllable śrī.
  ["\u0bb6\u0bcd\u0bb0\u0bc0", "\u0bb8\u0bcd\u0bb0\u0bc0"],
];

const otherKeyboard = new RegExp(keyboardPairs.map(([from]) => from).join("|"), "u");
const sharedLetter = new RegExp(keyboardPairs.map(([, to]) => to).join("|"), "u");

/** Folded text as one keyboard writes it. */
export function toOneKeyboard(folded: string): string {
  if (!otherKeyboard.test(folded)) return folded;
  return keyboardPairs.reduce((text, [from, to]) => text.replaceAll(from, to), folded).normalize("NFC");
}

/** Whether a key of one keyboard may be stored as another keyboard wrote it, before all were read as one. */
export function mayBeOfAnotherKeyboard(key: string): boolean {
  return sharedLetter.test(key);
}
