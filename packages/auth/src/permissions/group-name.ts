import { hasVisibleCharacter, isPlainLine } from "../free-text.ts";

/** What nobody sees, so that two names would look alike. */
const invisible = /[\u061c\u200b\u200e\u200f\u2060-\u2065\ufeff]/u;

/** A group's name as it is kept: one line of 1 to 150 characters in NFC, without outer white space. Null for what cannot be one. */
export function parseGroupName(typed: string): string | null {
  const name = typed.normalize("NFC").trim();
  const isReadable = hasVisibleCharacter(name) && !invisible.test(name) && isPlainLine(name);
  return isReadable && [...name].length <= 150 ? name : null;
}
