declare const read: unique symbol;

/** What a person typed, made comparable: NFKC, no outer white space, well-formed, not empty, of bounded length. */
export type InputText = string & { readonly [read]: true };

/** The longest input that is looked at, in UTF-16 units. An e-mail address, the longest identifier, has at most 254. */
export const maximumInputLength = 320;

/**
 * The first step of every parser here, so that all of them judge the same characters: full-width letters and digits have
 * become ordinary ones before anybody asks whether the input has an `@`. Null when no identifier can come of it.
 */
export function readInput(input: string): InputText | null {
  if (input.length > maximumInputLength || !input.isWellFormed()) return null;
  const text = input.normalize("NFKC").trim();
  return text === "" ? null : (text as InputText);
}
