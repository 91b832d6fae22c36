/**
 * Controls, breaks of lines and paragraphs, and what turns the direction of all that follows it: bidirectional embeddings, overrides and
 * isolates (UAX #9 §2). A terminal, a log or a list would show something else than the text.
 */
const misleading = /[\p{Cc}\u2028-\u202e\u2066-\u2069]/u;
const misleadingInProse = /[[\p{Cc}\u2028-\u202e\u2066-\u2069]--[\n\r\t]]/v;

/** Whether one line of free text, such as a city, is what it looks like, and can be stored: half a surrogate pair cannot. */
export function isPlainLine(text: string): boolean {
  return text.isWellFormed() && !misleading.test(text);
}

/** The same of text with lines and tabs. */
export function isPlainProse(text: string): boolean {
  return text.isWellFormed() && !misleadingInProse.test(text);
}
