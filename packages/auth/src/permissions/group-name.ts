/** What would break a line or turn it around where names are listed. */
const unprintable = /\p{Cc}|\p{Cs}|[\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/u;

/** A group's name as it is kept: one line of 1 to 150 characters in NFC, without outer white space. Null for what cannot be one. */
export function parseGroupName(typed: string): string | null {
  const name = typed.normalize("NFC").trim();
  const { length } = [...name];
  return length === 0 || length > 150 || unprintable.test(name) ? null : name;
}
