/**
 * Controls, breaks of lines and paragraphs, and what turns the direction of all that follows it: bidirectional embeddings, overrides and
 * isolates (UAX #9 §2). A terminal, a log or a list would show something else than the text.
 */
const misleading = /[\p{Cc}\u2028-\u202e\u2066-\u2069]/u;
const everyMisleading = new RegExp(misleading, "gu");
const misleadingInProse = /[[\p{Cc}\u2028-\u202e\u2066-\u2069]--[\n\r\t]]/v;

/** A text of others for a terminal or a list: what would turn, move or break it stands as its code point, as JSON writes it. */
export const escapeMisleading = (text: string): string =>
  text.replace(everyMisleading, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);

/** Whether one line of free text, such as a city, is what it looks like, and can be stored: half a surrogate pair cannot. */
export function isPlainLine(text: string): boolean {
  return text.isWellFormed() && !misleading.test(text);
}

/** The same of text with lines and tabs. */
export function isPlainProse(text: string): boolean {
  return text.isWellFormed() && !misleadingInProse.test(text);
}

/**
 * What leaves a mark of its own: not white space, not marks without a letter, not Unicode's ignorable characters, and not the blanks that
 * count as symbols, such as Braille's.
 */
const visible = /[[\p{L}\p{N}\p{P}\p{S}]--\p{DI}--[\u2800\u{1d159}]]/v;

/** Whether a reader sees anything of the text. */
export function hasVisibleCharacter(text: string): boolean {
  return visible.test(text);
}
